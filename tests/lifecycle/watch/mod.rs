//! Files that are edited by hand while the plugins serve.

mod directory;
mod edits;
#[cfg(all(feature = "toml", feature = "yaml"))]
mod formats;
#[cfg(unix)]
mod links;

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;
use tower_plugin::{
    Event, EventKind, EventStream, Operation, OperationPhase, PluginHandle, PluginManager,
};

use crate::scenario::events::until;
use crate::scenario::{Instance, Script, Scripted};

/// Longer than anything here may take.
const LONG: Duration = Duration::from_secs(20);

struct Scene {
    dir: tempfile::TempDir,
    manager: PluginManager,
    plugin: PluginHandle<Instance>,
    script: std::sync::Arc<Script>,
    events: EventStream,
}

impl Scene {
    async fn new() -> Self {
        Self::at(|_| {}).await
    }

    async fn at(prepare: impl FnOnce(&Path)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        prepare(dir.path());
        let plugin_dir = dir.path().to_owned();
        Self::of(dir, &plugin_dir).await
    }

    /// A scene in `dir`, with the plugin directory somewhere in it.
    async fn of(dir: tempfile::TempDir, plugin_dir: &Path) -> Self {
        let builder = PluginManager::builder().plugin_dir(plugin_dir);
        let manager = builder.watch_store().build().unwrap();
        let script = Script::new();
        let plugin = manager.register("p", Scripted(script.clone()));
        let plugin = plugin.config(json!({"value": 1})).await.unwrap();
        let events = manager.subscribe();
        Self {
            dir,
            manager,
            plugin,
            script,
            events,
        }
    }

    fn write(&self, text: &str) {
        fs::write(self.dir.path().join("p.json"), text).unwrap();
    }

    /// Until that happens.
    async fn until(&mut self, kind: EventKind) -> Event {
        let event = until(&mut self.events, kind);
        timeout(LONG, event).await.expect("it happens")
    }

    /// Until that config serves.
    async fn until_value(&mut self, value: u32) {
        while self.value() != value {
            self.until(EventKind::ReloadApplied).await;
        }
    }

    fn value(&self) -> u32 {
        self.plugin.enter().unwrap().instance().value
    }

    fn last_error(&self) -> String {
        self.plugin.last_error().expect("something went wrong")
    }

    /// Until an edit of another plugin's file has been taken up, and so everything before it.
    async fn pass(&mut self) {
        let other = self.manager.register("other", Scripted(Script::new()));
        let other = other.await.unwrap();
        self.events = self.manager.subscribe();
        let status = self.manager.status();
        let plugin_dir = status.plugin_system.plugin_dir.expect("there is one");
        let path = plugin_dir.join("other.json");
        // Another than it was left with.
        let value = other.enter().unwrap().instance().value + 1;
        fs::write(path, json!({"value": value}).to_string()).unwrap();
        self.until(EventKind::ReloadApplied).await;
        assert_eq!(other.enter().unwrap().instance().value, value);
        self.manager.unload("other").await.unwrap();
    }

    /// What was done with the plugin since it was registered.
    fn operations(&self) -> Vec<Operation> {
        let operations = self.manager.operations().into_iter();
        let of_it = operations.filter(|info| info.plugin == "p");
        let mut done: Vec<_> = of_it
            .inspect(|info| assert_eq!(info.phase, OperationPhase::Done))
            .map(|info| info.operation)
            .collect();
        done.retain(|operation| *operation != Operation::Register);
        done
    }
}
