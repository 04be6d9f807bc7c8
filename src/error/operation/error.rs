use std::sync::Arc;

use super::OperationErrorKind;
use crate::report::ReloadReport;
use crate::{ConfigError, StoreError};

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
            OperationErrorKind::StoreUnavailable(error)
            | OperationErrorKind::HistoryUnreadable(error) => Some(error),
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
