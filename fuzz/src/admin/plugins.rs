//! The plugins behind the service: their hooks do as their config says, are counted, and talk
//! about their secrets whenever they may.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};
use tower_plugin::{BoxError, Health, MASK, Plugin, StartContext};

/// What a hook does.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, arbitrary::Arbitrary)]
#[serde(rename_all = "lowercase")]
pub(super) enum Hook {
    #[default]
    Works,
    Fails,
    Hangs,
}

impl Hook {
    async fn run(self, token: &str) -> Result<(), BoxError> {
        match self {
            Self::Works => Ok(()),
            Self::Fails => Err(format!("it does not work with token {token}").into()),
            Self::Hangs => std::future::pending().await,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    token: String,
    #[serde(default, rename = "pin")]
    _pin: Option<u64>,
    #[serde(default, rename = "limits")]
    _limits: BTreeMap<String, u32>,
    #[serde(default)]
    start: Hook,
    #[serde(default)]
    check: Hook,
    #[serde(default)]
    stop: Hook,
}

/// How often each hook of one plugin was called.
#[derive(Debug, Default)]
pub(super) struct Calls([AtomicUsize; 3]);

impl Calls {
    // Relaxed, here and below: everything runs on one thread.
    fn count(&self, hook: usize) {
        self.0[hook].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> [usize; 3] {
        self.0.each_ref().map(|count| count.load(Ordering::Relaxed))
    }
}

pub(super) struct Puppet {
    pub(super) calls: Arc<Calls>,
}

impl Plugin for Puppet {
    type Config = Config;
    type Instance = Config;

    async fn start(&self, config: Config, _: StartContext) -> Result<Config, BoxError> {
        self.calls.count(0);
        assert_ne!(config.token, MASK, "the mask is no token");
        config.start.run(&config.token).await?;
        Ok(config)
    }

    async fn check(&self, instance: &Config) -> Health {
        self.calls.count(1);
        match instance.check.run(&instance.token).await {
            Ok(()) => Health::healthy(),
            Err(error) => Health::unhealthy(error.to_string()),
        }
    }

    async fn stop(&self, instance: Arc<Config>) -> Result<(), BoxError> {
        self.calls.count(2);
        instance.stop.run(&instance.token).await
    }

    fn secret_fields(&self) -> Vec<Cow<'static, str>> {
        vec!["/token".into(), "/pin".into()]
    }

    fn config_schema(&self) -> Option<serde_json::Value> {
        Some(serde_json::json!({"type": "object", "required": ["token"]}))
    }
}
