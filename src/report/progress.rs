use std::fmt;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::{Operation, ReloadReport, TrialInfo};
use crate::time::{millis, unix_seconds};
use crate::{OperationError, OperationId};

/// How far an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OperationPhase {
    /// It waits for its turn.
    Queued,
    /// It is looked at whether it can be done, and with which config.
    Validating,
    /// A new instance is being started.
    Starting,
    /// The new instance is asked how it is.
    Checking,
    /// Requests are being waited for.
    Draining,
    /// An instance is being stopped.
    Stopping,
    /// The new instance failed, and the last good config is being started.
    RollingBack,
    /// The new generation has a share of the requests, beside the one before.
    Canary,
    /// The new generation has all requests, and the one before is kept warm.
    Probation,
    /// It has ended.
    Done,
}

impl OperationPhase {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Validating => "validating",
            Self::Starting => "starting",
            Self::Checking => "checking",
            Self::Draining => "draining",
            Self::Stopping => "stopping",
            Self::RollingBack => "rolling_back",
            Self::Canary => "canary",
            Self::Probation => "probation",
            Self::Done => "done",
        }
    }
}

impl fmt::Display for OperationPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Requests being waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DrainProgress {
    /// How many were inside when the gate was closed.
    pub at_close: usize,
    /// How many are inside still.
    pub inside: usize,
    /// For how long they have been waited for; whole milliseconds on the wire.
    #[serde(rename = "waited_ms", serialize_with = "millis")]
    pub waited: Duration,
    /// After how long they are cancelled; whole milliseconds on the wire.
    #[serde(rename = "timeout_ms", serialize_with = "millis")]
    pub timeout: Duration,
}

/// An operation, under way or done.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct OperationInfo {
    /// What names it.
    pub id: OperationId,
    /// Name of the plugin.
    pub plugin: String,
    /// What was asked.
    pub operation: Operation,
    /// How far it is.
    pub phase: OperationPhase,
    /// Who asked.
    pub actor: Option<String>,
    /// Why they did.
    pub cause: Option<String>,
    /// Who has decided its [trial](crate::Registration::probation), or asked for what an attempt to
    /// start again was abandoned for, where somebody with a name has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    /// When it was asked for, in seconds since 1970 on the wire.
    #[serde(serialize_with = "unix_seconds")]
    pub started: SystemTime,
    /// When it ended, in seconds since 1970 on the wire.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "end")]
    pub ended: Option<SystemTime>,
    /// How long it has taken so far, or took; whole milliseconds on the wire.
    #[serde(rename = "elapsed_ms", serialize_with = "millis")]
    pub elapsed: Duration,
    /// How long it has been in its phase; whole milliseconds on the wire.
    #[serde(rename = "in_phase_ms", serialize_with = "millis")]
    pub in_phase: Duration,
    /// The requests that are waited for, while they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drain: Option<DrainProgress>,
    /// The generations that are compared, while one is on trial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trial: Option<TrialInfo>,
    /// What came of it, once it is done. Not on the wire: the admin interface shows it there as it
    /// would have been answered.
    #[serde(skip)]
    pub result: Option<Result<ReloadReport, OperationError>>,
}

pub(super) fn end<S: serde::Serializer>(
    ended: &Option<SystemTime>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match ended {
        Some(ended) => unix_seconds(ended, serializer),
        None => serializer.serialize_none(),
    }
}
