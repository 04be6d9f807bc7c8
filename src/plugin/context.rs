use std::fmt;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What [`Plugin::start`](crate::Plugin::start) is told, and what it may keep.
///
/// Background tasks of an instance belong in the context's tracker and end at its token: both are
/// taken care of when the instance is stopped.
///
/// ```
/// use tower_plugin::{BoxError, StartContext};
///
/// async fn start(cx: StartContext) -> Result<(), BoxError> {
///     let token = cx.token().clone();
///     cx.tracker().spawn(async move {
///         token.run_until_cancelled(std::future::pending::<()>()).await;
///     });
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct StartContext {
    plugin: Arc<str>,
    generation: u64,
    reason: StartReason,
    token: CancellationToken,
    tracker: TaskTracker,
}

/// Why an instance is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StartReason {
    /// The plugin was registered.
    Register,
    /// It was disabled and is enabled again.
    Enable,
    /// Somebody asked for a reload.
    Reload,
    /// Its config was changed.
    ConfigChange,
    /// It has failed, and is tried again.
    Retry,
    /// An attempt with another config failed, and this is the last good one.
    Rollback,
    /// Somebody asked whether it would start. It will be asked for its health, serve nobody, and be
    /// stopped.
    DryRun,
}

impl StartReason {
    /// The reason in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Enable => "enable",
            Self::Reload => "reload",
            Self::ConfigChange => "config change",
            Self::Retry => "retry",
            Self::Rollback => "rollback",
            Self::DryRun => "dry run",
        }
    }
}

impl fmt::Display for StartReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl StartContext {
    pub(crate) fn new(plugin: Arc<str>, generation: u64, reason: StartReason) -> Self {
        let (token, tracker) = (CancellationToken::new(), TaskTracker::new());
        Self {
            plugin,
            generation,
            reason,
            token,
            tracker,
        }
    }

    /// Name the plugin was registered under.
    #[must_use]
    pub fn plugin(&self) -> &str {
        &self.plugin
    }

    /// Number the generation will have once the instance serves.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Why the instance is started.
    #[must_use]
    pub fn reason(&self) -> StartReason {
        self.reason
    }

    /// Cancelled when the instance is stopped, or when its start was given up.
    #[must_use]
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Tracks the instance's background tasks; stopping the instance waits for them.
    #[must_use]
    pub fn tracker(&self) -> &TaskTracker {
        &self.tracker
    }
}
