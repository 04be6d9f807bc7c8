use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep_until};
use tower_plugin_gate::PluginState;

use super::Backoff;
use crate::lifecycle::task::Lifecycle;
use crate::lifecycle::{Command, Options, Request};
use crate::operation::{Answer, OperationLog, Turn};
use crate::report::RetryInfo;
use crate::{EventKind, GoDuration, Operation, Outcome, Plugin};

/// When a plugin is started again, and what that takes.
#[derive(Debug)]
pub(in crate::lifecycle) struct Retry {
    backoff: Backoff,
    /// Number of the attempt that is next, under way, or was the last.
    attempt: u32,
    at: Option<Instant>,
    turn: Arc<Semaphore>,
    log: Arc<OperationLog>,
}

impl<P: Plugin> Lifecycle<P> {
    /// Has the plugin started again when it fails, if its registration says so.
    pub(crate) fn retrying(mut self, turn: Arc<Semaphore>, log: &Arc<OperationLog>) -> Self {
        let backoff = self.settings.retry.take();
        self.retry = backoff.map(|backoff| {
            Box::new(Retry {
                backoff: *backoff,
                attempt: 0,
                at: None,
                turn,
                log: Arc::clone(log),
            })
        });
        self
    }

    /// The next command: somebody's, or to start the plugin again. Cancel safe.
    pub(in crate::lifecycle) async fn next_command(
        &self,
        commands: &mut mpsc::Receiver<Box<Command>>,
    ) -> Option<Box<Command>> {
        let retry = self.retry.as_deref();
        let Some((retry, at)) = retry.and_then(|retry| Some((retry, retry.at?))) else {
            return commands.recv().await;
        };
        // Boxed, for most of the time there is none.
        let due = Box::pin(self.due(retry, at));
        tokio::select! {
            biased;
            command = commands.recv() => command,
            command = due => Some(command),
        }
    }

    async fn due(&self, retry: &Retry, at: Instant) -> Box<Command> {
        sleep_until(at).await;
        // Whoever has the turn gives a command, and that has the last word.
        let turn = Arc::clone(&retry.turn).acquire_owned().await;
        let turn = turn.ok().filter(|_| !self.registry.is_closed());
        let Some(permit) = turn else {
            return std::future::pending().await;
        };
        let (log, attempt) = (&retry.log, retry.attempt);
        self.show_retry(Some(RetryInfo {
            attempt,
            next_at: None,
        }));
        let options = Options {
            actor: Some("retry".to_owned()),
            cause: Some(format!("attempt {attempt} to start it again")),
            ..Options::default()
        };
        let request = Request::Retry;
        let record = log.begin(self.name(), request.operation(), &options);
        let turn = Turn::begin(permit, &self.published, log, &record);
        Box::new(Command {
            request,
            options,
            turn,
            together: None,
        })
    }

    /// After an operation: a plugin that has failed is to be started again, and any other is not.
    /// An attempt that something else came before does not count.
    pub(in crate::lifecycle) fn plan_retry(
        &mut self,
        operation: Operation,
        answer: &Answer,
        is_abandoned: bool,
    ) {
        let state = self.published.read(|snapshot| snapshot.state);
        let Some(retry) = self.retry.as_deref_mut() else {
            return;
        };
        if state != PluginState::Failed {
            (retry.attempt, retry.at) = (0, None);
            return self.show_retry(None);
        }
        if operation != Operation::Retry {
            // What has touched nothing has changed nothing about this, either.
            if retry.attempt > 0 && !has_touched(answer) {
                return;
            }
            retry.attempt = 0;
        }
        let attempt = match operation {
            Operation::Retry if is_abandoned => retry.attempt,
            _ => retry.attempt.saturating_add(1),
        };
        let Some(pause) = retry.backoff.pause(attempt) else {
            retry.at = None;
            let attempts = retry.attempt;
            tracing::error!(plugin = %self.name(), attempts, "given up");
            let message =
                format!("given up after {attempts} attempts: enable it when the cause is mended");
            return self.event(EventKind::RetryGivenUp, message);
        };
        (retry.attempt, retry.at) = (attempt, Some(Instant::now() + pause));
        let next_at = SystemTime::now().checked_add(pause);
        self.show_retry(Some(RetryInfo { attempt, next_at }));
        let pause = GoDuration(whole_millis(pause));
        tracing::info!(plugin = %self.name(), attempt, %pause, "it is to be started again");
        let message = format!("attempt {attempt} to start it again in {pause}");
        self.event(EventKind::RetryScheduled, message);
    }

    fn show_retry(&self, retry: Option<RetryInfo>) {
        if self.published.read(|snapshot| snapshot.retry != retry) {
            self.published.publish(|snapshot| snapshot.retry = retry);
        }
    }
}

/// Whether an operation was more than refused, or a dry run.
fn has_touched(answer: &Answer) -> bool {
    let outcome = match answer {
        Ok(report) => Some(report.outcome),
        Err(error) => error.report().map(|report| report.outcome),
    };
    outcome.is_some_and(|outcome| !matches!(outcome, Outcome::Unchanged | Outcome::Rejected))
}

fn whole_millis(time: Duration) -> Duration {
    Duration::new(time.as_secs(), time.subsec_millis() * 1_000_000)
}
