use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use super::record::Answer;
use super::{OperationLog, Record};
use crate::lifecycle::Published;
use crate::{
    DrainReport, OperationError, OperationErrorKind, OperationPhase, Outcome, ReloadReport,
};

/// A plugin's turn, which nobody else has until the operation has ended, in whatever way: dropped,
/// it ends it, too.
#[derive(Debug)]
pub(crate) struct Turn {
    permit: Option<OwnedSemaphorePermit>,
    published: Arc<Published>,
    log: Arc<OperationLog>,
    record: Arc<Record>,
}

impl Turn {
    pub(crate) fn begin(
        permit: OwnedSemaphorePermit,
        published: &Arc<Published>,
        log: &Arc<OperationLog>,
        record: &Arc<Record>,
    ) -> Self {
        record.enter(OperationPhase::Validating);
        published.begin(record);
        Self {
            permit: Some(permit),
            published: Arc::clone(published),
            log: Arc::clone(log),
            record: Arc::clone(record),
        }
    }

    pub(crate) fn record(&self) -> &Arc<Record> {
        &self.record
    }

    /// Gives the turn back, then tells the answer: who has it may give the next command.
    pub(crate) fn end(self, answer: Answer) {
        self.end_telling(answer, || {});
    }

    /// As `end`, and tells something else in between, for whom that may make give one, too.
    pub(crate) fn end_telling(mut self, answer: Answer, tell: impl FnOnce()) {
        self.give_back(answer, tell);
    }

    fn give_back(&mut self, answer: Answer, tell: impl FnOnce()) {
        if let Some(permit) = self.permit.take() {
            self.published.end();
            drop(permit);
            tell();
            self.log.end(&self.record, answer);
        }
    }

    /// What is told of an operation whose task is no more.
    fn interrupted(&self) -> OperationError {
        let (state, generation, version) = self.published.read(|snapshot| {
            let version = snapshot.config_version.number();
            (snapshot.state, snapshot.generation, version)
        });
        let message = "the plugin's task ended before the operation did";
        let report = ReloadReport {
            plugin: self.published.name.to_string(),
            operation: self.record.operation,
            outcome: Outcome::Failed,
            state,
            generation,
            version,
            duration: self.record.elapsed(),
            drain: DrainReport::default(),
            stop_error: None,
            message: message.to_owned(),
            dry_run: None,
        };
        let kind = OperationErrorKind::Failed {
            report: Box::new(report),
            source: message.into(),
            timed_out: false,
        };
        OperationError::new(&*self.published.name, kind)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.permit.is_some() {
            let interrupted = self.interrupted();
            self.give_back(Err(interrupted), || {});
        }
    }
}
