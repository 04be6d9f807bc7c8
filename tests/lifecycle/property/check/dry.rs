use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;
use tower_plugin::{ConfigStore, ConfigView, EventKind, PluginManager, PluginState, StoredVersion};

use crate::lifecycle::property::life::Life;
use crate::scenario::store::Flaky;

/// All of a plugin that a dry run leaves as it is.
#[derive(Debug, PartialEq)]
pub struct Shape {
    state: PluginState,
    generation: u64,
    config: (u64, Value),
    stored: Option<Value>,
    versions: Vec<StoredVersion>,
    last_error: Option<String>,
    leftovers: usize,
    inside: usize,
    hooks: (usize, usize),
}

impl Shape {
    pub async fn of(manager: &PluginManager, store: &Flaky, life: &Life) -> Self {
        let name = life.handle.name();
        let info = manager.info(name).unwrap();
        let ConfigView {
            config, version, ..
        } = manager.config(name).unwrap();
        Self {
            state: info.status,
            generation: info.generation,
            config: (version.number(), config),
            stored: store.inner.load(name).await.unwrap().map(|it| it.config),
            versions: store.inner.history(name).await.unwrap(),
            last_error: info.last_error.map(|error| error.message),
            leftovers: info.leftovers.len(),
            inside: life.handle.in_flight(),
            hooks: life.script.hooks(),
        }
    }

    /// Nothing but an instance that was started and stopped is new, if that was asked for.
    pub fn stays(self, now: &Self, may_start: bool) {
        let starts = now.hooks.0 - self.hooks.0;
        assert!(starts <= usize::from(may_start), "{starts} starts");
        let hooks = if may_start { now.hooks } else { self.hooks };
        assert_eq!(&Self { hooks, ..self }, now, "a dry run changed something");
    }
}

/// Nothing tells of a dry run but the instance it starts.
pub async fn untold(manager: &PluginManager, life: &Life, since: u64, may_start: bool) {
    let mut events = manager.subscribe_after(since);
    while let Ok(Some(event)) = timeout(Duration::ZERO, events.recv()).await {
        let is_its = event.plugin == life.handle.name();
        let may_be = match event.kind {
            EventKind::CheckFailed | EventKind::HealthChanged | EventKind::LeftoverGone => true,
            EventKind::Starting | EventKind::StopFailed => may_start,
            _ => false,
        };
        assert!(!is_its || may_be, "a dry run, and {:?}", event.kind);
    }
}
