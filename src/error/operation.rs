use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::report::{Leftover, Operation, ReloadReport};
use crate::{BoxError, ConfigError, ConfigVersion, GoDuration, OperationId, StoreError};

/// Why an operation on a plugin did not do what was asked.
///
/// ```
/// use tower_plugin::PluginManager;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let error = PluginManager::new().reload("geo").await.unwrap_err();
/// assert!(error.is_not_found());
/// assert_eq!(error.to_string(), "plugin `geo` not found: see the list of plugins for the names");
/// # }
/// ```
///
/// A clone is the same error.
#[derive(Debug, Clone)]
pub struct OperationError {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    plugin: String,
    kind: OperationErrorKind,
}

/// The reasons of an [`OperationError`].
#[derive(Debug)]
#[non_exhaustive]
pub enum OperationErrorKind {
    /// There is no plugin of that name.
    NotFound,
    /// The plugin is in another operation.
    #[non_exhaustive]
    InProgress {
        /// What is being done.
        operation: Operation,
        /// What names it. `None` where it has just begun, or just ended.
        id: Option<OperationId>,
    },
    /// The config is refused; nothing was touched.
    ConfigRejected(ConfigError),
    /// The config is not the version that was asked to be changed; nothing was touched.
    #[non_exhaustive]
    VersionMismatch {
        /// The version in force.
        current: ConfigVersion,
    },
    /// A dry run was to start an instance, but one serves, and the plugin's strategy says that there
    /// must not be two.
    CannotStartBeside,
    /// There is no version of that number, or none any more; nothing was touched.
    #[non_exhaustive]
    VersionNotFound {
        /// The number.
        version: u64,
    },
    /// Too many earlier generations are still held by requests; nothing was touched.
    #[non_exhaustive]
    TooManyLeftovers {
        /// Those that are, oldest first.
        leftovers: Vec<Leftover>,
        /// With how many of them none may be added: see
        /// [`max_leftovers`](crate::Registration::max_leftovers).
        limit: usize,
    },
    /// All or none of several plugins were to be reloaded, and these, which serve, cannot have two
    /// generations at a time; nothing was touched.
    #[non_exhaustive]
    NotReplaceable {
        /// Names of all of them.
        plugins: Vec<String>,
    },
    /// A trial was asked for that cannot be had, for this reason; nothing was touched.
    TrialUnavailable(&'static str),
    /// No generation of the plugin is on trial, so there is nothing to promote or to abort.
    NotOnTrial,
    /// Another plugin depends on this one.
    RequiredBy(String),
    /// A hook failed. The report says whether what was before serves again.
    #[non_exhaustive]
    Failed {
        /// What was done.
        report: Box<ReloadReport>,
        /// Why it failed.
        source: BoxError,
        /// Whether a hook did not return in time.
        timed_out: bool,
    },
    /// The stored config could not be read, or a new one written; nothing was touched.
    StoreUnavailable(StoreError),
    /// The manager shuts down, or is gone.
    ShuttingDown,
}

impl OperationError {
    pub(crate) fn new(plugin: impl Into<String>, kind: OperationErrorKind) -> Self {
        Self {
            inner: Arc::new(Inner {
                plugin: plugin.into(),
                kind,
            }),
        }
    }

    pub(crate) fn shutting_down(plugin: impl Into<String>) -> Self {
        Self::new(plugin, OperationErrorKind::ShuttingDown)
    }

    /// Name of the plugin that was asked for.
    #[must_use]
    pub fn plugin(&self) -> &str {
        &self.inner.plugin
    }

    /// The reason.
    #[must_use]
    pub fn kind(&self) -> &OperationErrorKind {
        &self.inner.kind
    }

    /// Whether there is no plugin of that name.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self.inner.kind, OperationErrorKind::NotFound)
    }

    /// Whether the plugin is in another operation, so that trying again later may help.
    #[must_use]
    pub fn is_in_progress(&self) -> bool {
        matches!(self.inner.kind, OperationErrorKind::InProgress { .. })
    }

    /// Whether the config in force is not the one that was asked to be changed.
    #[must_use]
    pub fn is_version_mismatch(&self) -> bool {
        matches!(self.inner.kind, OperationErrorKind::VersionMismatch { .. })
    }

    /// Whether there is no version of that number, or none any more.
    #[must_use]
    pub fn is_version_not_found(&self) -> bool {
        matches!(self.inner.kind, OperationErrorKind::VersionNotFound { .. })
    }

    /// Whether too many earlier generations are still held by requests, so that trying again when
    /// those are gone helps.
    #[must_use]
    pub fn is_too_many_leftovers(&self) -> bool {
        matches!(self.inner.kind, OperationErrorKind::TooManyLeftovers { .. })
    }

    /// Whether the stored config could not be read, or a new one written.
    #[must_use]
    pub fn is_store_unavailable(&self) -> bool {
        self.store_error().is_some()
    }

    /// Why the config could not be read or stored, if that is the reason.
    #[must_use]
    pub fn store_error(&self) -> Option<&StoreError> {
        match &self.inner.kind {
            OperationErrorKind::StoreUnavailable(error) => Some(error),
            OperationErrorKind::Failed { source, .. } => source.source()?.downcast_ref(),
            _ => None,
        }
    }

    /// Whether a trial was asked for that cannot be had.
    #[must_use]
    pub fn is_trial_unavailable(&self) -> bool {
        matches!(self.inner.kind, OperationErrorKind::TrialUnavailable(_))
    }

    /// Whether there is no trial to decide.
    #[must_use]
    pub fn is_not_on_trial(&self) -> bool {
        matches!(self.inner.kind, OperationErrorKind::NotOnTrial)
    }

    /// Whether the manager shuts down, or is gone.
    #[must_use]
    pub fn is_shutting_down(&self) -> bool {
        matches!(self.inner.kind, OperationErrorKind::ShuttingDown)
    }

    /// Whether a hook did not return in time.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(
            self.inner.kind,
            OperationErrorKind::Failed {
                timed_out: true,
                ..
            }
        )
    }

    /// Why the config was refused, if that is the reason.
    #[must_use]
    pub fn config_error(&self) -> Option<&ConfigError> {
        match &self.inner.kind {
            OperationErrorKind::ConfigRejected(refused) => Some(refused),
            _ => None,
        }
    }

    /// What was done, if anything was.
    #[must_use]
    pub fn report(&self) -> Option<&ReloadReport> {
        match &self.inner.kind {
            OperationErrorKind::Failed { report, .. } => Some(report),
            _ => None,
        }
    }
}

impl fmt::Display for OperationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plugin = &self.inner.plugin;
        match &self.inner.kind {
            OperationErrorKind::NotFound => {
                write!(
                    f,
                    "plugin `{plugin}` not found: see the list of plugins for the names"
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
        match &self.inner.kind {
            OperationErrorKind::ConfigRejected(refused) => Some(refused),
            OperationErrorKind::Failed { source, .. } => Some(source.as_ref()),
            OperationErrorKind::StoreUnavailable(source) => Some(source),
            _ => None,
        }
    }
}
