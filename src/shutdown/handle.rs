use std::future::{Future, IntoFuture};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::ForcedError;
use crate::ShutdownReport;

/// A shutdown that is under way, or will be. A clone is another handle to it.
///
/// Its futures are for servers: they may be made and awaited at any time, in any number, and hold
/// on to nothing.
#[derive(Debug, Clone)]
pub struct ShutdownHandle {
    /// How often it was told to stop.
    pub(super) told: watch::Sender<usize>,
    pub(super) steps: Steps,
    pub(super) outcome: watch::Receiver<Option<Result<ShutdownReport, ForcedError>>>,
    pub(super) forced: watch::Receiver<Option<ForcedError>>,
}

/// What has begun.
#[derive(Debug, Clone, Default)]
pub(super) struct Steps {
    pub(super) stopping: CancellationToken,
    pub(super) drained: CancellationToken,
}

impl ShutdownHandle {
    /// Begins the shutdown, as a signal does. Once more, it forces it.
    pub fn trigger(&self) {
        self.told.send_modify(|told| *told += 1);
    }

    /// Resolves when no more connections are to be accepted: the plugins are being drained.
    pub fn stopping(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        self.steps.stopping.clone().cancelled_owned()
    }

    /// As [`stopping`](Self::stopping), for what wants a token. Cancelling it stops nothing here.
    #[must_use]
    pub fn stopping_token(&self) -> CancellationToken {
        self.steps.stopping.child_token()
    }

    /// Resolves when every plugin has been drained and stopped, or that was given up.
    pub fn drained(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        self.steps.drained.clone().cancelled_owned()
    }

    /// Waits for a server to end, which is to be told by [`stopping`](Self::stopping) or
    /// [`drained`](Self::drained), but no longer than the shutdown may take.
    ///
    /// # Errors
    ///
    /// [`ForcedError`] when it had not ended by then, also when being forced is what ended it; it
    /// is dropped.
    pub async fn bound<S: IntoFuture>(&self, server: S) -> Result<S::Output, ForcedError> {
        tokio::select! {
            // Cancelling what is left makes servers end: that is forced none the less.
            biased;
            why = forced(self.forced.clone()) => Err(why),
            ended = server.into_future() => Ok(ended),
        }
    }

    /// Waits until the shutdown is forced.
    pub fn forced(&self) -> impl Future<Output = ForcedError> + Send + 'static + use<> {
        forced(self.forced.clone())
    }

    /// Waits until every plugin has been drained and stopped, and tells what became of each.
    ///
    /// # Errors
    ///
    /// [`ForcedError`] when that was given up.
    pub async fn finished(&self) -> Result<ShutdownReport, ForcedError> {
        let mut outcome = self.outcome.clone();
        let known = outcome.wait_for(Option::is_some).await;
        let known = known.ok().and_then(|outcome| outcome.clone());
        match known {
            Some(outcome) => outcome,
            // The runtime ends.
            None => std::future::pending().await,
        }
    }
}

async fn forced(mut forced: watch::Receiver<Option<ForcedError>>) -> ForcedError {
    let why = match forced.wait_for(Option::is_some).await {
        Ok(why) => *why,
        Err(_) => None,
    };
    match why {
        Some(why) => why,
        // Nobody is left to force it: it is done, or the runtime ends.
        None => std::future::pending().await,
    }
}
