use std::sync::Arc;
use std::time::SystemTime;

use serde_json::Value;
use tokio::sync::watch;
use tower_plugin_gate::{Gate, InFlightRequests, PhaseCounts, PluginState};

use super::leftover::LeftBehind;
use super::{HealthRecord, ReloadStrategy};
use crate::config::Schema;
use crate::operation::Record;
use crate::report::{
    LastError, Leftover, PluginHealth, PluginInfo, ReportedHealth, RequestsReport, RetryInfo,
};
use crate::{ConfigVersion, HealthStatus, Revision};

/// What a plugin's task tells everybody else. Reading it waits for nobody.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) name: Arc<str>,
    pub(crate) version: String,
    pub(crate) description: String,
    pub(crate) strategy: ReloadStrategy,
    pub(crate) required: bool,
    /// Whether its requests are tracked.
    pub(crate) tracking: bool,
    /// How many generations may be left behind.
    pub(crate) max_leftovers: usize,
    pub(crate) dependencies: Vec<String>,
    pub(crate) schema: Arc<Schema>,
    snapshot: watch::Sender<Snapshot>,
}

/// A plugin at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    pub(crate) state: PluginState,
    pub(crate) since: SystemTime,
    /// The operation under way.
    pub(crate) operation: Option<Arc<Record>>,
    pub(crate) generation: u64,
    /// Whether a generation takes requests.
    pub(crate) is_serving: bool,
    /// Gates that may have somebody inside: of the generation that serves, and of those before.
    pub(crate) gates: Vec<Gate>,
    /// Of those, the ones that were not waited for any longer.
    pub(crate) leftovers: Vec<LeftBehind>,
    /// The config in force, secrets masked.
    pub(crate) config: Value,
    pub(crate) config_version: ConfigVersion,
    pub(crate) config_since: SystemTime,
    /// Of the store's config that was last looked at.
    pub(crate) stored: Revision,
    pub(crate) health: HealthRecord,
    /// Whether it was healthy when it was last at rest.
    pub(crate) was_healthy: bool,
    pub(crate) last_error: Option<LastError>,
    /// Why the config that is stored is not the one in force.
    pub(crate) drift: Option<Box<str>>,
    /// Where it has failed, when it is to be started again.
    pub(crate) retry: Option<RetryInfo>,
    /// Where the store did not answer, when it is asked again.
    pub(crate) reread: Option<RetryInfo>,
    /// The generation that has a share of the requests as a canary, and its health.
    /// Boxed: most often there is none.
    pub(crate) on_trial: Option<Box<(u64, HealthRecord)>>,
}

impl Published {
    #[expect(clippy::too_many_arguments, reason = "one call, each argument a field")]
    pub(crate) fn new(
        name: Arc<str>,
        version: String,
        description: String,
        strategy: ReloadStrategy,
        required: bool,
        tracking: bool,
        max_leftovers: usize,
        dependencies: Vec<String>,
        schema: Arc<Schema>,
        snapshot: Snapshot,
    ) -> Self {
        let snapshot = watch::Sender::new(snapshot);
        Self {
            name,
            version,
            description,
            strategy,
            required,
            tracking,
            max_leftovers,
            dependencies,
            schema,
            snapshot,
        }
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&Snapshot) -> T) -> T {
        read(&self.snapshot.borrow())
    }

    /// To be woken by what is published from now on.
    pub(super) fn subscribe(&self) -> watch::Receiver<Snapshot> {
        self.snapshot.subscribe()
    }

    pub(super) fn publish(&self, change: impl FnOnce(&mut Snapshot)) {
        self.snapshot.send_modify(|snapshot| {
            let state = snapshot.state;
            change(snapshot);
            if snapshot.state != state {
                snapshot.since = SystemTime::now();
            }
            snapshot.gates.retain(|gate| !gate.is_drained());
            snapshot.leftovers.retain(|left| !left.is_gone());
            if !snapshot.state.is_transition() {
                snapshot.was_healthy = snapshot.is_healthy();
            }
        });
    }

    /// Once its start, if it is being started, has come to something.
    pub(super) async fn started(&self) {
        let mut snapshots = self.snapshot.subscribe();
        let started = snapshots.wait_for(|snapshot| snapshot.state != PluginState::Loading);
        started.await.map(drop).expect("the sender is here");
    }

    /// Once no operation is under way: which of the store's changes have been seen.
    pub(crate) async fn at_rest(&self) -> Revision {
        let mut snapshots = self.snapshot.subscribe();
        let at_rest = snapshots.wait_for(|snapshot| snapshot.operation.is_none());
        let at_rest = at_rest.await.map(|snapshot| snapshot.stored);
        at_rest.expect("the sender is here")
    }

    /// The operation under way.
    pub(crate) fn under_way(&self) -> Option<Arc<Record>> {
        self.read(|snapshot| snapshot.operation.clone())
    }

    /// An operation has its turn.
    pub(crate) fn begin(&self, record: &Arc<Record>) {
        self.publish(|snapshot| snapshot.operation = Some(Arc::clone(record)));
    }

    /// It gives it back.
    pub(crate) fn end(&self) {
        self.publish(|snapshot| snapshot.operation = None);
    }

    /// Who is inside, `limit` of them at most.
    pub(crate) fn requests(&self, limit: usize) -> RequestsReport {
        // Read outside the lock of what is published.
        let gates = self.read(|snapshot| snapshot.gates.clone());
        let mut phases = PhaseCounts::default();
        let mut seen = InFlightRequests::default();
        for gate in gates {
            phases += gate.phases();
            if let Some(requests) = gate.requests(limit) {
                seen.merge(requests, limit);
            }
        }
        RequestsReport {
            plugin: self.name.to_string(),
            tracking: self.tracking,
            total: if self.tracking {
                seen.total
            } else {
                phases.total()
            },
            phases,
            requests: seen.requests,
            timestamp: SystemTime::now(),
        }
    }

    pub(crate) fn info(&self) -> PluginInfo {
        self.read(|snapshot| PluginInfo {
            name: self.name.to_string(),
            status: snapshot.state,
            health: snapshot.health(),
            version: self.version.clone(),
            description: self.description.clone(),
            generation: snapshot.generation,
            config_version: snapshot.config_version.number(),
            operation: snapshot.operation.as_ref().map(|record| record.operation),
            operation_id: snapshot.operation.as_ref().map(|record| record.id),
            since: snapshot.since,
            strategy: self.strategy,
            trial: snapshot
                .operation
                .as_ref()
                .and_then(|record| record.trial()),
            leftovers: snapshot.leftovers(),
            retry: snapshot.retry,
            store_retry: snapshot.reread,
            last_error: snapshot.last_error.clone(),
        })
    }
}

impl Snapshot {
    pub(crate) fn in_flight(&self) -> usize {
        self.gates.iter().map(Gate::in_flight).sum()
    }

    /// How a generation is that takes requests.
    pub(super) fn health_of(&self, number: u64) -> Option<&HealthRecord> {
        let on_trial = self.on_trial.as_ref();
        match on_trial.filter(|on_trial| on_trial.0 == number) {
            Some(on_trial) => Some(&on_trial.1),
            None => (self.generation == number).then_some(&self.health),
        }
    }

    pub(super) fn health_of_mut(&mut self, number: u64) -> Option<&mut HealthRecord> {
        if self.state != PluginState::Active {
            return None;
        }
        let on_trial = self.on_trial.as_mut();
        match on_trial.filter(|on_trial| on_trial.0 == number) {
            Some(on_trial) => Some(&mut on_trial.1),
            None => (self.generation == number).then_some(&mut self.health),
        }
    }

    /// Earlier generations that are still held, oldest first.
    pub(crate) fn leftovers(&self) -> Vec<Leftover> {
        let shown = self.leftovers.iter().filter_map(LeftBehind::shown);
        shown.collect()
    }

    /// How many those are.
    pub(crate) fn leftover_count(&self) -> usize {
        let held = self.leftovers.iter().filter(|left| !left.is_gone());
        held.count()
    }

    /// How well what serves works: at best degraded, where it should be another config.
    pub(super) fn health_status(&self) -> HealthStatus {
        let status = self.health.status();
        match self.drift {
            Some(_) => status.worse(HealthStatus::Degraded),
            None => status,
        }
    }

    /// Whether the plugin counts as healthy.
    pub(crate) fn is_healthy(&self) -> bool {
        match self.state {
            PluginState::Disabled => true,
            PluginState::Active => self.health_status() == HealthStatus::Healthy,
            PluginState::Failed => false,
            _ => self.was_healthy,
        }
    }

    pub(crate) fn health(&self) -> PluginHealth {
        let (status, message) = match self.state {
            PluginState::Disabled => (ReportedHealth::Healthy, None),
            PluginState::Active => {
                let own = self.health.message();
                let message = match (&self.drift, self.health.status()) {
                    (Some(drift), HealthStatus::Healthy) => Some(&**drift),
                    _ => own,
                };
                (self.health_status().into(), message.map(str::to_owned))
            }
            PluginState::Failed => {
                let message = self.last_error.as_ref().map(|error| error.message.clone());
                (ReportedHealth::Unhealthy, message)
            }
            _ => (ReportedHealth::Transitioning, None),
        };
        let mut checks = self.health.last().details().clone();
        checks.insert("active_requests".to_owned(), self.in_flight().into());
        PluginHealth {
            status,
            state: self.state,
            last_check: self.health.checked,
            age: self.health.age(),
            consecutive_failures: self.health.consecutive_failures,
            checks,
            message,
        }
    }
}
