use crate::report::{Leftover, Operation, ReloadReport};
use crate::{BoxError, ConfigError, ConfigVersion, OperationId, StoreError};

/// The reasons of an [`OperationError`](crate::OperationError).
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
        /// Whether a generation is on [trial](crate::Registration::probation) in it, which goes on
        /// until it is decided.
        on_trial: bool,
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
    /// What was to be read of the history could not be: see
    /// [`is_broken`](StoreError::is_broken) for whether that is its own fault.
    HistoryUnreadable(StoreError),
    /// The manager shuts down, or is gone.
    ShuttingDown,
}
