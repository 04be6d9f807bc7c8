use std::time::SystemTime;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tower_plugin_gate::PluginState;

use super::retry::whole_millis;
use crate::lifecycle::drift::takes_up;
use crate::lifecycle::task::Lifecycle;
use crate::lifecycle::{Command, Options, Request};
use crate::operation::Answer;
use crate::report::RetryInfo;
use crate::{EventKind, GoDuration, Operation, OperationErrorKind, Plugin};

/// When the store is asked again what it has, because it did not answer.
#[derive(Debug, Default)]
pub(in crate::lifecycle) struct Reread {
    /// Number of the attempt that is next, under way, or was the last.
    attempt: u32,
    at: Option<Instant>,
}

/// What an operation says about whether the store and the plugin agree.
#[derive(Debug, PartialEq, Eq)]
enum Agreement {
    /// They did, or the store has something that the plugin refuses.
    Known,
    /// The store did not say.
    Unknown,
    /// The operation has nothing to do with it.
    Untouched,
}

impl Agreement {
    fn after(operation: Operation, answer: &Answer) -> Self {
        let asks =
            operation == Operation::Register || takes_up(operation) || operation.stores_config();
        let error = match answer {
            Ok(report) if asks && report.dry_run.is_none() => return Self::Known,
            Ok(_) => return Self::Untouched,
            Err(error) => error,
        };
        let was_begun = matches!(error.kind(), OperationErrorKind::Failed { .. });
        let is_refresh = operation == Operation::Refresh;
        match error.store_error() {
            // A change that may have been kept, or not.
            Some(store) if operation.stores_config() && store.is_timeout() && was_begun => {
                Self::Unknown
            }
            Some(store) if is_refresh && !store.is_broken() => Self::Unknown,
            _ if is_refresh => Self::Known,
            _ => Self::Untouched,
        }
    }
}

impl<P: Plugin> Lifecycle<P> {
    /// When the store is to be asked again, if it is.
    pub(super) fn reread_at(&self) -> Option<Instant> {
        self.reread.at
    }

    pub(super) fn reread_begins(&self, turn: OwnedSemaphorePermit) -> Box<Command> {
        let attempt = self.reread.attempt;
        self.show_reread(Some(RetryInfo {
            attempt,
            next_at: None,
        }));
        // Whose edit it is that may be taken up, nobody knows.
        let options = Options {
            cause: Some(format!("attempt {attempt} to read what is stored")),
            ..Options::default()
        };
        self.own_command(Request::Refresh, options, turn)
    }

    /// After an operation: a store that did not answer is to be asked again.
    pub(in crate::lifecycle) fn plan_reread(&mut self, operation: Operation, answer: &Answer) {
        let state = self.published.read(|snapshot| snapshot.state);
        // Whoever starts a plugin again that has failed has the store asked, too.
        let is_down = state == PluginState::Failed && operation != Operation::Refresh;
        let is_moot = is_down || state == PluginState::Unloading;
        match Agreement::after(operation, answer) {
            Agreement::Untouched if !is_moot => return,
            Agreement::Unknown if !is_moot => {}
            agreement => {
                let before = std::mem::take(&mut self.reread);
                self.show_reread(None);
                if before.attempt > 0 && agreement == Agreement::Known {
                    let message = "the store has answered".to_owned();
                    self.event(EventKind::RefreshDone, message);
                }
                return;
            }
        }
        let attempt = self.reread.attempt.saturating_add(1);
        let Some(pause) = self.store.retry.pause(attempt) else {
            self.reread.at = None;
            let attempts = self.reread.attempt;
            // This one may not have been an attempt of its own, but somebody's before it was due.
            self.show_reread(Some(RetryInfo {
                attempt: attempts,
                next_at: None,
            }));
            tracing::error!(plugin = %self.name(), attempts, "the store is asked no more");
            let message = format!(
                "the store did not answer {attempts} times: reload the plugin when it does, or \
                 change what is stored"
            );
            return self.event(EventKind::RefreshGivenUp, message);
        };
        self.reread = Reread {
            attempt,
            at: Some(Instant::now() + pause),
        };
        let next_at = SystemTime::now().checked_add(pause);
        self.show_reread(Some(RetryInfo { attempt, next_at }));
        let pause = GoDuration(whole_millis(pause));
        tracing::info!(plugin = %self.name(), attempt, %pause, "the store is to be asked again");
        let message = format!("attempt {attempt} to read what is stored in {pause}");
        self.event(EventKind::RefreshScheduled, message);
    }

    fn show_reread(&self, reread: Option<RetryInfo>) {
        if self.published.read(|snapshot| snapshot.reread != reread) {
            self.published.publish(|snapshot| snapshot.reread = reread);
        }
    }
}
