use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use serde::Deserialize;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower_plugin::{BoxError, Plugin, StartContext};

/// Which services there are, and whether they are well; the empty name is the server as a whole.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    services: BTreeMap<String, bool>,
}

/// The plugin: it reports what its config says, and takes back what nobody says any more.
///
/// Its strategy is Replace, so there are two instances for a while, and one reporter for both: a
/// service belongs to the generation that reported it last.
#[derive(Debug)]
pub(crate) struct Statuses {
    reporter: HealthReporter,
    reported_by: Mutex<HashMap<String, u64>>,
}

/// What one instance is: its number, by which it finds what is its own.
#[derive(Debug)]
pub(crate) struct Reported {
    generation: u64,
}

impl Statuses {
    pub(crate) fn new(reporter: HealthReporter) -> Self {
        Self {
            reporter,
            reported_by: Mutex::default(),
        }
    }

    fn reported_by(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.reported_by.lock().expect("nobody panics with it")
    }
}

impl Plugin for Statuses {
    type Config = Config;
    type Instance = Reported;

    async fn start(&self, config: Config, cx: StartContext) -> Result<Reported, BoxError> {
        let generation = cx.generation();
        for (service, is_well) in config.services {
            let status = match is_well {
                true => ServingStatus::Serving,
                false => ServingStatus::NotServing,
            };
            self.reporter.set_service_status(&service, status).await;
            self.reported_by().insert(service, generation);
        }
        Ok(Reported { generation })
    }

    async fn stop(&self, instance: Arc<Reported>) -> Result<(), BoxError> {
        let is_mine = |_: &String, by: &mut u64| *by == instance.generation;
        let mine: Vec<_> = self.reported_by().extract_if(is_mine).collect();
        for (service, _) in mine {
            self.reporter.clone().clear_service_status(&service).await;
        }
        Ok(())
    }
}
