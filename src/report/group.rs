use std::fmt;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::progress::end;
use super::{Outcome, ReloadReport};
use crate::time::{millis, unix_seconds};
use crate::{OperationError, OperationId};

/// What can be done with several plugins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GroupOperation {
    /// [Reload](crate::PluginManager::reload_all) each of them.
    ReloadAll,
    /// An operation on one, then a [reload](crate::OperationBuilder::cascade) of those that depend
    /// on it.
    Cascade,
}

/// How far an operation on several plugins is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GroupPhase {
    /// Some of it is to be done still. Each plugin's own operation shows how far that is.
    Running,
    /// It has ended.
    Done,
}

/// An operation on several plugins, under way or done.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct GroupInfo {
    /// What names it.
    pub id: OperationId,
    /// What was asked.
    pub operation: GroupOperation,
    /// How far it is.
    pub phase: GroupPhase,
    /// Names of the plugins.
    pub plugins: Vec<String>,
    /// Who asked.
    pub actor: Option<String>,
    /// Why they did.
    pub cause: Option<String>,
    /// When it was asked for, in seconds since 1970 on the wire.
    #[serde(serialize_with = "unix_seconds")]
    pub started: SystemTime,
    /// When it ended, in seconds since 1970 on the wire.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "end")]
    pub ended: Option<SystemTime>,
    /// How long it has taken so far, or took; whole milliseconds on the wire.
    #[serde(rename = "elapsed_ms", serialize_with = "millis")]
    pub elapsed: Duration,
    /// What came of it, once it is done. Not on the wire: the admin interface shows it there as it
    /// would have been answered.
    #[serde(skip)]
    pub result: Option<Result<GroupReport, OperationError>>,
}

/// What was done with several plugins.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GroupReport {
    /// What it comes to.
    pub outcome: GroupOutcome,
    /// What became of each plugin, in the order in which they were asked for or turned to.
    pub results: Vec<PluginResult>,
    /// How long all of it took.
    pub duration: Duration,
}

/// What became of one plugin of several.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum PluginResult {
    /// Its operation went as the report says.
    Done(Box<ReloadReport>),
    /// It was refused, or failed.
    Failed(OperationError),
    /// It was not touched.
    #[non_exhaustive]
    Skipped {
        /// Name of the plugin.
        plugin: String,
        /// Why not.
        reason: String,
    },
}

/// What an operation on several plugins comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GroupOutcome {
    /// No plugin's operation failed.
    Applied,
    /// Some failed, others were applied.
    Partial,
    /// None was applied, as one or more failed.
    Failed,
}

impl GroupOutcome {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for GroupOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PluginResult {
    pub(crate) fn of(answer: Result<ReloadReport, OperationError>) -> Self {
        match answer {
            Ok(report) => Self::Done(Box::new(report)),
            Err(error) => Self::Failed(error),
        }
    }

    /// Name of the plugin.
    #[must_use]
    pub fn plugin(&self) -> &str {
        match self {
            Self::Done(report) => &report.plugin,
            Self::Failed(error) => error.plugin(),
            Self::Skipped { plugin, .. } => plugin,
        }
    }

    /// Whether a new generation serves.
    #[must_use]
    pub fn is_applied(&self) -> bool {
        matches!(self, Self::Done(report) if report.outcome == Outcome::Applied)
    }

    /// Whether it was refused, failed, or was taken back.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Done(report) => !report.outcome.is_success(),
            Self::Failed(_) => true,
            Self::Skipped { .. } => false,
        }
    }
}

impl GroupReport {
    pub(crate) fn new(results: Vec<PluginResult>, duration: Duration) -> Self {
        let failed = results.iter().any(PluginResult::is_failure);
        let applied = results.iter().any(PluginResult::is_applied);
        let outcome = match (failed, applied) {
            (false, _) => GroupOutcome::Applied,
            (true, true) => GroupOutcome::Partial,
            (true, false) => GroupOutcome::Failed,
        };
        Self {
            outcome,
            results,
            duration,
        }
    }

    /// Names of the plugins, as the results are ordered.
    pub fn plugins(&self) -> impl Iterator<Item = &str> {
        self.results.iter().map(PluginResult::plugin)
    }
}
