use std::fmt;

use serde_json::Value;

use super::{DryRun, Together, TrialOptions};
use crate::operation::Turn;
use crate::{ConfigVersion, Operation};

/// An order to a plugin's task. The task carries it out even if nobody waits for the answer.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) request: Request,
    pub(crate) options: Options,
    /// The plugin's turn, which nobody else has until the command is done.
    pub(crate) turn: Turn,
    /// Where this is one of several, of which all are done or none.
    pub(crate) together: Option<Together>,
}

#[derive(Debug)]
pub(crate) enum Request {
    Register,
    Reload,
    UpdateConfig(ConfigChange),
    /// To the config of the version of that number.
    Rollback(u64),
    Retry,
    /// To what the store has by now.
    Refresh,
    Enable,
    Disable,
    Unload,
    Shutdown,
}

/// A config to put in place of the current one, or into it.
pub(crate) enum ConfigChange {
    /// The whole config.
    Replace(Value),
    /// An RFC 7396 patch.
    Merge(Value),
}

impl fmt::Debug for ConfigChange {
    /// Without the config, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Replace(_) => "Replace(..)",
            Self::Merge(_) => "Merge(..)",
        })
    }
}

/// What goes with a request, whatever it asks for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    /// Who asks.
    pub(crate) actor: Option<String>,
    /// Why they do.
    pub(crate) cause: Option<String>,
    /// Only if this version of the config is in force.
    pub(crate) if_version: Option<ConfigVersion>,
    /// Only say what would be done.
    pub(crate) dry_run: Option<DryRun>,
    /// How the new generation is tried out, where that is not as registered.
    pub(crate) trial: TrialOptions,
}

impl Request {
    pub(crate) fn operation(&self) -> Operation {
        match self {
            Self::Register => Operation::Register,
            Self::Reload => Operation::Reload,
            Self::UpdateConfig(_) => Operation::UpdateConfig,
            Self::Rollback(_) => Operation::Rollback,
            Self::Retry => Operation::Retry,
            Self::Refresh => Operation::Refresh,
            Self::Enable => Operation::Enable,
            Self::Disable => Operation::Disable,
            Self::Unload => Operation::Unload,
            Self::Shutdown => Operation::Shutdown,
        }
    }
}
