use std::future::Future;
use std::time::Duration;

use super::ShutdownHandle;
use super::driver::Driver;
use crate::PluginManager;

/// How a server is to end; [what happens in which order](super).
#[derive(Debug, Clone)]
#[must_use = "it has to be told when: `on_signals`, or `on`"]
pub struct Shutdown {
    pub(super) manager: PluginManager,
    pub(super) deadline: Duration,
    pub(super) readiness_delay: Duration,
}

impl Shutdown {
    /// That of a server with the plugins of `manager`.
    pub fn new(manager: PluginManager) -> Self {
        Self {
            manager,
            deadline: Duration::from_secs(30),
            readiness_delay: Duration::ZERO,
        }
    }

    /// How long all of it may take, from the signal on, whatever the plugins' own timeouts.
    /// Default: 30 s. Less than what the service manager waits before it kills.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How long to go on as before once readiness fails, for load balancers to notice; part of the
    /// [`deadline`](Self::deadline). Default: not at all.
    pub fn readiness_delay(mut self, delay: Duration) -> Self {
        self.readiness_delay = delay;
        self
    }

    /// Begins when the process is sent SIGTERM or SIGINT, or, where there are none, on Ctrl-C; a
    /// second one forces it. From now on they do not end the process by themselves.
    ///
    /// # Errors
    ///
    /// When the system refuses to tell of signals.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[cfg(feature = "signal")]
    pub fn on_signals(self) -> std::io::Result<ShutdownHandle> {
        let mut signals = super::signals::Signals::new()?;
        let handle = Driver::spawn(self);
        let told = handle.clone();
        tokio::spawn(async move {
            loop {
                signals.next().await;
                tracing::info!("told to stop");
                told.trigger();
            }
        });
        Ok(handle)
    }

    /// Begins when `told` resolves, or by [`ShutdownHandle::trigger`].
    ///
    /// ```
    /// use tower_plugin::shutdown::Shutdown;
    /// use tower_plugin::{BoxError, PluginManager};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
    /// let manager = PluginManager::new();
    /// let (tell, told) = tokio::sync::oneshot::channel::<()>();
    /// let shutdown = Shutdown::new(manager.clone()).on(async { told.await.unwrap_or_default() });
    /// assert!(manager.is_ready());
    /// let _ = tell.send(());
    /// shutdown.drained().await;
    /// assert!(!manager.is_ready());
    /// assert!(shutdown.finished().await?.is_clean());
    /// # Ok(()) }
    /// ```
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn on(self, told: impl Future<Output = ()> + Send + 'static) -> ShutdownHandle {
        let handle = Driver::spawn(self);
        let telling = handle.clone();
        tokio::spawn(async move {
            told.await;
            telling.trigger();
        });
        handle
    }
}
