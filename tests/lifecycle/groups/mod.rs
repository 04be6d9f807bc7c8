//! Several plugins reloaded at the same time, each by itself or all or none.

mod members;
mod together;

use std::sync::Arc;

use tower_plugin::{PluginManager, PluginState, ReloadStrategy};

use crate::scenario::{Script, Scripted};

async fn register(manager: &PluginManager, name: &str, strategy: ReloadStrategy) -> Arc<Script> {
    let script = Script::new();
    let plugin = manager.register(name, Scripted(script.clone()));
    plugin.strategy(strategy).await.unwrap();
    script
}

async fn three() -> (PluginManager, [Arc<Script>; 3]) {
    let manager = PluginManager::new();
    let replace = ReloadStrategy::Replace;
    let scripts = [
        register(&manager, "a", replace).await,
        register(&manager, "b", replace).await,
        register(&manager, "c", replace).await,
    ];
    (manager, scripts)
}

fn generations(manager: &PluginManager) -> Vec<u64> {
    let plugins = manager.list().plugins;
    plugins.iter().map(|plugin| plugin.generation).collect()
}

fn states(manager: &PluginManager) -> Vec<PluginState> {
    let plugins = manager.list().plugins;
    plugins.iter().map(|plugin| plugin.status).collect()
}
