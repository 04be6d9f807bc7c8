use std::time::SystemTime;

use serde::Serialize;
use tower_plugin_gate::PluginState;

use super::{Leftover, Operation, PluginHealth, RetryInfo, TrialInfo, UnloadedPlugin};
use crate::time::unix_seconds;
use crate::{OperationId, ReloadStrategy};

pub(crate) fn state<S: serde::Serializer>(
    state: &PluginState,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(state.as_str())
}

/// All plugins, sorted by name.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct PluginList {
    /// Each plugin.
    pub plugins: Vec<PluginInfo>,
    /// How many.
    pub total_count: usize,
    /// Those that are unloaded, but held by requests or leases that did not leave, until those go.
    /// One of a plugin whose name is registered again is among the
    /// [leftovers](PluginInfo::leftovers) of the new one.
    pub unloaded: Vec<UnloadedPlugin>,
    /// When it was asked, in seconds since 1970 on the wire.
    #[serde(serialize_with = "unix_seconds")]
    pub timestamp: SystemTime,
}

/// One plugin.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct PluginInfo {
    /// Name it was registered under.
    pub name: String,
    /// Where it is in its life.
    #[serde(serialize_with = "state")]
    pub status: PluginState,
    /// How it is.
    pub health: PluginHealth,
    /// Version of the plugin itself.
    pub version: String,
    /// What it does, in its own words.
    pub description: String,
    /// Number of the generation that serves, or was the last to; 0 before the first.
    pub generation: u64,
    /// Number of the config in force.
    pub config_version: u64,
    /// The operation under way, which may go on while a new generation serves already.
    pub operation: Option<Operation>,
    /// What names that operation.
    pub operation_id: Option<OperationId>,
    /// Since when it is in its state, in seconds since 1970 on the wire.
    #[serde(serialize_with = "unix_seconds")]
    pub since: SystemTime,
    /// How its generations are exchanged.
    pub strategy: ReloadStrategy,
    /// The generations that are compared, while one is on trial.
    pub trial: Option<TrialInfo>,
    /// Earlier generations that requests still hold, oldest first: see
    /// [`max_leftovers`](crate::Registration::max_leftovers).
    pub leftovers: Vec<Leftover>,
    /// Where it has failed, when it is to be started again.
    pub retry: Option<RetryInfo>,
    /// Where the store did not answer, when it is asked again whether it has another config: see
    /// [`store_retry`](crate::PluginManagerBuilder::store_retry).
    pub store_retry: Option<RetryInfo>,
    /// The last thing that went wrong, until an operation succeeds.
    pub last_error: Option<LastError>,
}

/// Something that went wrong.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct LastError {
    /// What was being done.
    pub operation: Operation,
    /// What happened.
    pub message: String,
    /// When, in seconds since 1970 on the wire.
    #[serde(serialize_with = "unix_seconds")]
    pub time: SystemTime,
}
