use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tower_plugin_gate::PluginState;

use super::{DrainReport, DryRunReport};
use crate::time::millis;

/// What can be done with a registered plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Operation {
    /// Its first start.
    Register,
    /// Exchange its generation for one with the same config.
    Reload,
    /// Exchange its generation for one with another config.
    UpdateConfig,
    /// Exchange its generation for one with an earlier config.
    Rollback,
    /// Start it again after it has failed, without anybody asking.
    Retry,
    /// Exchange its generation for one with the config that somebody put into the store.
    Refresh,
    /// Start it after it was disabled.
    Enable,
    /// Drain and stop it until it is enabled.
    Disable,
    /// Drain, stop and forget it.
    Unload,
    /// Drain and stop it for good, with all others.
    Shutdown,
}

impl Operation {
    /// Whether it is there to put another config in force.
    pub(crate) const fn changes_config(self) -> bool {
        matches!(self, Self::UpdateConfig | Self::Rollback | Self::Refresh)
    }

    /// Whether that is not in the store yet, and must be in the end.
    pub(crate) const fn stores_config(self) -> bool {
        matches!(self, Self::UpdateConfig | Self::Rollback)
    }

    /// In lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Reload => "reload",
            Self::UpdateConfig => "update_config",
            Self::Rollback => "rollback",
            Self::Retry => "retry",
            Self::Refresh => "refresh",
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::Unload => "unload",
            Self::Shutdown => "shutdown",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// As asked.
    Applied,
    /// There was nothing to do, or it was a dry run.
    Unchanged,
    /// Refused before anything was touched.
    Rejected,
    /// It failed, and what was before serves.
    RolledBack,
    /// It failed, and nothing serves.
    Failed,
}

impl Outcome {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Rejected => "rejected",
            Self::RolledBack => "rolled_back",
            Self::Failed => "failed",
        }
    }

    /// Whether things are as they were asked to be.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Applied | Self::Unchanged)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an operation on a plugin did.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ReloadReport {
    /// Name of the plugin.
    pub plugin: String,
    /// What was asked.
    pub operation: Operation,
    /// How it ended.
    pub outcome: Outcome,
    /// State of the plugin afterwards.
    #[serde(serialize_with = "super::list::state")]
    pub state: PluginState,
    /// Number of the generation that serves afterwards, or was the last to; 0 before the first.
    pub generation: u64,
    /// Number of the config in force afterwards.
    pub version: u64,
    /// How long the operation took; whole milliseconds on the wire.
    #[serde(rename = "duration_ms", serialize_with = "millis")]
    pub duration: Duration,
    /// What became of the requests of the generation before.
    pub drain: DrainReport,
    /// Why the old instance could not be stopped cleanly, which holds up nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_error: Option<String>,
    /// In words.
    pub message: String,
    /// What would be done, where it was not to be done: then everything else is as it was, and the
    /// outcome is [`Unchanged`](Outcome::Unchanged).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<DryRunReport>,
}
