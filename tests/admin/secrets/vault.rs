use std::borrow::Cow;
use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use tower_plugin::{BoxError, Health, Plugin, StartContext};

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Secret by its pointer.
    token: String,
    /// Secret by the schema.
    #[serde(default)]
    peers: Vec<Peer>,
    #[serde(default)]
    #[expect(dead_code, reason = "only refused")]
    rate: u32,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
struct Peer {
    #[expect(dead_code, reason = "only shown")]
    host: String,
    #[schemars(extend("writeOnly" = true, "examples" = ["c4n4ry-of-the-schema"]))]
    key: String,
}

impl Config {
    /// All its secrets, in a way to be quoted.
    fn secrets(&self) -> String {
        let keys = self.peers.iter().map(|peer| peer.key.as_str());
        let keys: Vec<_> = keys.collect();
        format!("{} and {}", self.token, keys.join(" and "))
    }
}

/// How a start ends.
#[derive(Debug, Clone, Copy)]
pub enum End {
    Quoting,
    QuotingInItsSource,
    QuotingInItsDebug,
    Panicking,
    Unhealthy,
}

/// Tells its secrets wherever it can.
#[derive(Clone, Default)]
pub struct Vault {
    ends: Arc<Mutex<VecDeque<End>>>,
}

pub struct Instance {
    secrets: String,
    unhealthy: bool,
}

#[derive(Debug)]
struct Outer(Option<Inner>);

struct Inner {
    text: String,
    debug: String,
}

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it did not open")
    }
}

impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.as_ref().map(|inner| inner as _)
    }
}

impl fmt::Display for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.debug)
    }
}

impl Error for Inner {}

impl Vault {
    pub fn next(&self, ends: impl IntoIterator<Item = End>) {
        self.ends.lock().unwrap().extend(ends);
    }

    pub fn forget(&self) {
        self.ends.lock().unwrap().clear();
    }
}

impl Plugin for Vault {
    type Config = Config;
    type Instance = Instance;

    async fn start(&self, config: Config, _: StartContext) -> Result<Instance, BoxError> {
        let secrets = config.secrets();
        let quiet = || "quiet".to_owned();
        let end = self.ends.lock().unwrap().pop_front();
        match end {
            Some(End::Quoting) => return Err(format!("no door for {secrets}").into()),
            Some(End::QuotingInItsSource) => {
                let (text, debug) = (secrets, quiet());
                return Err(Box::new(Outer(Some(Inner { text, debug }))));
            }
            Some(End::QuotingInItsDebug) => {
                let (text, debug) = (quiet(), secrets);
                return Err(Box::new(Outer(Some(Inner { text, debug }))));
            }
            Some(End::Panicking) => panic!("no door for {secrets}"),
            Some(End::Unhealthy) | None => {}
        }
        tracing::debug!("a vault is open");
        Ok(Instance {
            secrets,
            unhealthy: matches!(end, Some(End::Unhealthy)),
        })
    }

    async fn check(&self, instance: &Instance) -> Health {
        let message = format!("leaks {}", instance.secrets);
        let health = match instance.unhealthy {
            true => Health::unhealthy(message),
            false => Health::degraded(message),
        };
        health.detail("leak", instance.secrets.clone())
    }

    async fn stop(&self, instance: Arc<Instance>) -> Result<(), BoxError> {
        Err(format!("{} are still inside", instance.secrets).into())
    }

    fn config_schema(&self) -> Option<Value> {
        Some(schemars::schema_for!(Config).to_value())
    }

    fn secret_fields(&self) -> Vec<Cow<'static, str>> {
        vec!["/token".into()]
    }
}
