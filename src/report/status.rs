use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::SystemTime;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use tower_plugin_gate::PluginState;

use super::{HealthSummary, RetryInfo};
use crate::GoDuration;
use crate::time::unix_seconds;

/// The state of the plugin system as a whole.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct SystemStatus {
    /// The plugins in numbers.
    pub plugin_system: PluginSystem,
    /// Their health in numbers.
    pub health_status: HealthSummary,
    /// Since the manager was built, in whole seconds.
    pub uptime: GoDuration,
    /// When it was asked, in seconds since 1970 on the wire.
    #[serde(serialize_with = "unix_seconds")]
    pub timestamp: SystemTime,
    /// How drains are done.
    pub draining: Draining,
    /// Whether changes in the store are noticed, where they are to be: see
    /// [`watch_store`](crate::PluginManagerBuilder::watch_store).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store_watch: Option<StoreWatch>,
}

/// The plugins in numbers.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct PluginSystem {
    /// Whether plugins are managed: false once the manager shuts down.
    pub enabled: bool,
    /// How many are registered.
    pub total_plugins: usize,
    /// How many are in state active.
    pub active_plugins: usize,
    /// Where their configs are kept.
    pub plugin_dir: Option<PathBuf>,
    /// How many requests are inside, of all plugins, and of those that are unloaded.
    pub active_requests: usize,
    /// How many earlier generations are still held by requests, of all plugins, and of those that
    /// are unloaded: see [`PluginInfo::leftovers`](crate::PluginInfo::leftovers) and
    /// [`PluginList::unloaded`](crate::PluginList::unloaded).
    pub leftovers: usize,
    /// Each plugin's state, by its name.
    #[serde(serialize_with = "states")]
    pub plugin_states: BTreeMap<String, PluginState>,
}

/// How drains are done.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Draining {
    /// How long requests are waited for before they are cancelled, unless a plugin says otherwise.
    pub timeout: GoDuration,
}

/// How changes are noticed that others make in the config store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StoreWatch {
    /// Whether each is noticed when it happens. If not, a reload takes up what was missed.
    pub active: bool,
    /// Since when that is so, in seconds since 1970 on the wire.
    #[serde(serialize_with = "unix_seconds")]
    pub since: SystemTime,
    /// Why it is not, and what to do about it.
    pub message: Option<String>,
    /// When it is tried again, where it is not.
    pub retry: Option<RetryInfo>,
}

fn states<S: Serializer>(
    states: &BTreeMap<String, PluginState>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(states.len()))?;
    for (name, state) in states {
        map.serialize_entry(name, state.as_str())?;
    }
    map.end()
}
