use std::pin::pin;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::handle::Steps;
use super::{ForcedError, Shutdown, ShutdownHandle};
use crate::ShutdownReport;
use crate::time::after;

/// What is kept of the deadline, at most, to write answers that were cancelled.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The task that goes through the steps.
pub(super) struct Driver {
    settings: Shutdown,
    told: watch::Receiver<usize>,
    steps: Steps,
    outcome: watch::Sender<Option<Result<ShutdownReport, ForcedError>>>,
    forced: watch::Sender<Option<ForcedError>>,
}

impl Driver {
    pub(super) fn spawn(settings: Shutdown) -> ShutdownHandle {
        let (told, steps) = (watch::Sender::new(0), Steps::default());
        let (outcome, known) = watch::channel(None);
        let (forced, is_forced) = watch::channel(None);
        let driver = Self {
            settings,
            told: told.subscribe(),
            steps: steps.clone(),
            outcome,
            forced,
        };
        tokio::spawn(driver.run());
        ShutdownHandle {
            told,
            steps,
            outcome: known,
            forced: is_forced,
        }
    }

    async fn run(mut self) {
        if self.told.wait_for(|told| *told > 0).await.is_err() {
            // Nobody is left to tell it.
            return;
        }
        let Shutdown {
            manager,
            deadline,
            readiness_delay,
        } = self.settings;
        let (began, ends) = (Instant::now(), after(deadline));
        let mut told = self.told;
        let mut forced = pin!(async {
            tokio::select! {
                () = sleep_until(ends) => ForcedError::DeadlinePassed,
                why = told_twice(&mut told) => why,
            }
        });

        manager.announce_shutdown();
        let mut why = tokio::select! {
            biased;
            why = &mut forced => Some(why),
            () = sleep(readiness_delay) => None,
        };
        self.steps.stopping.cancel();
        let patience = deadline.saturating_sub(LAST_WORDS.min(deadline / 10));
        let patience = patience.saturating_sub(began.elapsed());
        let mut stop = pin!(manager.shutdown_within(patience));
        let mut report = None;
        if why.is_none() {
            tokio::select! {
                biased;
                stopped = &mut stop => report = Some(stopped),
                forced = &mut forced => why = Some(forced),
            }
        }
        let why = match report {
            Some(report) => {
                self.outcome.send_replace(Some(Ok(report)));
                self.steps.drained.cancel();
                // The servers have what is left of the time.
                forced.await
            }
            None => why.unwrap_or(ForcedError::DeadlinePassed),
        };
        tracing::debug!(%why, "the shutdown is over");
        self.forced.send_replace(Some(why));
        self.steps.drained.cancel();
        if self.outcome.borrow().is_none() {
            self.outcome.send_replace(Some(Err(why)));
            manager.cancel_drains();
            stop.await;
        }
    }
}

async fn told_twice(told: &mut watch::Receiver<usize>) -> ForcedError {
    if told.wait_for(|told| *told > 1).await.is_err() {
        // Nobody is left to tell it.
        std::future::pending::<()>().await;
    }
    ForcedError::ToldTwice
}
