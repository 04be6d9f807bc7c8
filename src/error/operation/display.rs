use std::error::Error;
use std::fmt;

use super::{OperationError, OperationErrorKind};
use crate::GoDuration;

impl fmt::Display for OperationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plugin = self.plugin();
        match self.kind() {
            OperationErrorKind::NotFound => {
                write!(
                    f,
                    "plugin `{plugin}` not found: see the list of plugins for the names"
                )
            }
            OperationErrorKind::InProgress {
                operation,
                on_trial: true,
                ..
            } => {
                write!(
                    f,
                    "plugin `{plugin}` is in another operation ({operation}), with a new \
                     generation on trial: promote or abort that, or retry when it is decided"
                )
            }
            OperationErrorKind::InProgress { operation, .. } => {
                write!(
                    f,
                    "plugin `{plugin}` is in another operation ({operation}): retry when it is done"
                )
            }
            OperationErrorKind::ConfigRejected(refused) => {
                write!(f, "plugin `{plugin}`: {refused}")
            }
            OperationErrorKind::VersionMismatch { current } => {
                write!(
                    f,
                    "config of plugin `{plugin}` is at version {current}: read it and try again"
                )
            }
            OperationErrorKind::CannotStartBeside => {
                write!(
                    f,
                    "plugin `{plugin}` has the strategy recreate: no instance can be tried beside \
                     the one that serves; ask for a dry run without a start"
                )
            }
            OperationErrorKind::VersionNotFound { version } => {
                write!(
                    f,
                    "plugin `{plugin}` has no config of version {version}: see its history for \
                     those that are kept"
                )
            }
            OperationErrorKind::TooManyLeftovers { leftovers, limit } => {
                let held = leftovers.len();
                write!(
                    f,
                    "plugin `{plugin}`: earlier generations still held: {held} of at most {limit}"
                )?;
                if let Some(oldest) = leftovers.first() {
                    let age = GoDuration(oldest.age).whole_seconds();
                    write!(f, ", the oldest ({}) for {age}", oldest.generation)?;
                }
                f.write_str("; wait until their requests end, or end their clients")
            }
            OperationErrorKind::NotReplaceable { plugins } => {
                let plugins = plugins.join("`, `");
                write!(
                    f,
                    "no new generation of `{plugins}` can be started beside the one that serves: \
                     leave that out, or register it with the strategy Replace"
                )
            }
            OperationErrorKind::TrialUnavailable(why) => {
                write!(f, "plugin `{plugin}` cannot be put on trial: {why}")
            }
            OperationErrorKind::NotOnTrial => {
                write!(f, "no generation of plugin `{plugin}` is on trial")
            }
            OperationErrorKind::RequiredBy(other) => {
                write!(
                    f,
                    "plugin `{plugin}` is required by `{other}`: unload that first"
                )
            }
            // The report's message, for unlike the source it quotes no secret.
            OperationErrorKind::Failed { report, .. } => {
                let (operation, outcome) = (report.operation, report.outcome);
                write!(
                    f,
                    "{operation} of plugin `{plugin}` {outcome}: {}",
                    report.message
                )
            }
            OperationErrorKind::StoreUnavailable(source) => {
                write!(f, "plugin `{plugin}`: {source}; nothing was changed")
            }
            OperationErrorKind::HistoryUnreadable(source) => {
                write!(f, "plugin `{plugin}`: {source}")?;
                match source.is_broken() {
                    true => f.write_str("; mend that version, or remove it"),
                    false => Ok(()),
                }
            }
            OperationErrorKind::ShuttingDown => {
                write!(
                    f,
                    "the manager is shutting down: plugin `{plugin}` stays as it is"
                )
            }
        }
    }
}

impl Error for OperationError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self.kind() {
            OperationErrorKind::ConfigRejected(refused) => Some(refused),
            OperationErrorKind::Failed { source, .. } => Some(source.as_ref()),
            OperationErrorKind::StoreUnavailable(source)
            | OperationErrorKind::HistoryUnreadable(source) => Some(source),
            _ => None,
        }
    }
}
