use std::fmt;

use tower_plugin_gate::PluginState;

use crate::Operation;

/// Where a plugin is when something is asked of it, or happens to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// In no operation, in this state.
    State(PluginState),
    /// A new generation is on trial with a share of the requests. The plugin is `active`.
    Canary,
    /// A new generation is on trial with all requests, and the one before is kept warm. The plugin
    /// is `active`.
    Probation,
    /// It has failed, and is being started again by itself. The plugin is `loading`.
    Attempt,
}

impl Stage {
    /// The stages of operations that something may end before their time.
    pub const UNDER_WAY: [Self; 3] = [Self::Canary, Self::Probation, Self::Attempt];

    /// In lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::State(state) => state.as_str(),
            Self::Canary => "canary",
            Self::Probation => "probation",
            Self::Attempt => "attempt",
        }
    }

    /// As what the plugin is seen.
    #[must_use]
    pub const fn state(self) -> PluginState {
        match self {
            Self::State(state) => state,
            Self::Canary | Self::Probation => PluginState::Active,
            Self::Attempt => PluginState::Loading,
        }
    }
}

impl From<PluginState> for Stage {
    fn from(state: PluginState) -> Self {
        Self::State(state)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is asked of a plugin, or happens to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trigger {
    /// An operation.
    Operation(Operation),
    /// Somebody [decides](crate::PluginManager::promote) a trial in favour of the new generation,
    /// which confirms it where that is waited for.
    Promote,
    /// Somebody [decides](crate::PluginManager::abort) a trial against it.
    Abort,
    /// The time of a stage of a trial has passed, and nothing was wrong.
    Pass,
    /// The new generation is ill, too many of its requests failed, or nobody confirmed it in time.
    Fail,
}

impl Trigger {
    /// What decides a trial.
    pub const DECISIONS: [Self; 4] = [Self::Promote, Self::Abort, Self::Pass, Self::Fail];

    /// In lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operation(operation) => operation.as_str(),
            Self::Promote => "promote",
            Self::Abort => "abort",
            Self::Pass => "pass",
            Self::Fail => "fail",
        }
    }
}

impl From<Operation> for Trigger {
    fn from(operation: Operation) -> Self {
        Self::Operation(operation)
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
