use std::time::{Duration, SystemTime};

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tower_plugin_gate::PluginState;

use super::Backoff;
use crate::lifecycle::task::Lifecycle;
use crate::lifecycle::{Command, Options, Request};
use crate::operation::Answer;
use crate::report::RetryInfo;
use crate::{EventKind, GoDuration, Operation, Outcome, Plugin};

/// When a plugin is started again, and what that takes.
#[derive(Debug)]
pub(in crate::lifecycle) struct Retry {
    backoff: Backoff,
    /// Number of the attempt that is next, under way, or was the last.
    attempt: u32,
    at: Option<Instant>,
}

impl Retry {
    pub(in crate::lifecycle) fn new(backoff: Backoff) -> Self {
        Self {
            backoff,
            attempt: 0,
            at: None,
        }
    }
}

impl<P: Plugin> Lifecycle<P> {
    /// When the plugin is to be started again, if it is.
    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.retry.as_deref()?.at
    }

    pub(super) fn retry_begins(&self, turn: OwnedSemaphorePermit) -> Box<Command> {
        let attempt = self.retry.as_deref().map_or(0, |retry| retry.attempt);
        self.show_retry(Some(RetryInfo {
            attempt,
            next_at: None,
        }));
        let options = Options {
            actor: Some("retry".to_owned()),
            cause: Some(format!("attempt {attempt} to start it again")),
            ..Options::default()
        };
        self.own_command(Request::Retry, options, turn)
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

pub(super) fn whole_millis(time: Duration) -> Duration {
    Duration::new(time.as_secs(), time.subsec_millis() * 1_000_000)
}
