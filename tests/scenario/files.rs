//! A plugin directory, and a manager that has its configs there.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tower_plugin::PluginManager;

pub fn manager(dir: &Path) -> PluginManager {
    PluginManager::builder().plugin_dir(dir).build().unwrap()
}

/// What is in the file of the plugin `p`.
pub fn stored(dir: &Path) -> Value {
    serde_json::from_slice(&fs::read(dir.join("p.json")).unwrap()).unwrap()
}

/// What there is in a directory, sorted.
pub fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}
