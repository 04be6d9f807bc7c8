use std::io;

/// The signals that ask a server to stop. From the moment this exists they no longer end the
/// process by themselves.
#[derive(Debug)]
pub(super) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// The next of them. Cancel safe.
    pub(super) async fn next(&mut self) {
        let got = tokio::select! {
            got = self.interrupt.recv() => got,
            got = self.terminate.recv() => got,
        };
        if got.is_none() {
            // There will be none any more.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {})
    }

    /// The next of them. Cancel safe.
    pub(super) async fn next(&mut self) {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::warn!(%error, "ctrl-c will not stop the server in order");
            std::future::pending::<()>().await;
        }
    }
}
