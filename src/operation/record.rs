use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::Instant;
use tower_plugin_gate::Gate;

use super::progress::End;
use super::{OperationId, Progress, Trial};
use crate::lifecycle::{Options, Stage, Trigger};
use crate::report::TrialInfo;
use crate::{Operation, OperationError, OperationInfo, OperationPhase, ReloadReport};

/// What comes of an operation.
pub(crate) type Answer = Result<ReloadReport, OperationError>;

/// One operation, from when it is asked for until it is forgotten. Reading it waits for nobody.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) id: OperationId,
    pub(crate) plugin: Arc<str>,
    pub(crate) operation: Operation,
    pub(crate) actor: Option<String>,
    pub(crate) cause: Option<String>,
    started: SystemTime,
    begun: Instant,
    progress: watch::Sender<Progress>,
}

impl Record {
    pub(super) fn new(
        id: OperationId,
        plugin: Arc<str>,
        operation: Operation,
        options: &Options,
    ) -> Self {
        Self {
            id,
            plugin,
            operation,
            actor: options.actor.clone(),
            cause: options.cause.clone(),
            started: SystemTime::now(),
            begun: Instant::now(),
            progress: watch::Sender::new(Progress::of(operation)),
        }
    }

    pub(crate) fn enter(&self, phase: OperationPhase) {
        self.progress.send_modify(|progress| progress.enter(phase));
    }

    pub(crate) fn wait_for(&self, gate: &Gate, timeout: Duration) {
        self.progress
            .send_modify(|progress| progress.wait_for(gate, timeout));
    }

    /// Who has decided it, if they have a name.
    pub(crate) fn decided_by(&self) -> Option<String> {
        self.progress.borrow().decided_by.clone()
    }

    pub(crate) fn enter_trial(&self, stage: Stage, trial: Trial) {
        self.progress
            .send_modify(|progress| progress.enter_trial(stage, trial));
    }

    /// Ends it before its time, where the [table](crate::transition) has something for that.
    /// `false` where it has not, or it is decided already.
    pub(crate) fn decide(&self, by: Trigger, actor: Option<&str>) -> bool {
        self.progress
            .send_if_modified(|progress| progress.decide(by, actor))
    }

    /// Whether it may be ended so.
    pub(crate) fn may_decide(&self, by: Trigger) -> bool {
        self.progress.borrow().may_decide(by)
    }

    /// By what it was decided, if it was.
    pub(crate) fn decided(&self) -> Option<Trigger> {
        self.progress.borrow().decision
    }

    /// Until something has decided it.
    pub(crate) async fn decision(&self) -> Trigger {
        let mut progress = self.progress.subscribe();
        let decided = progress.wait_for(|progress| progress.decision.is_some());
        let decided = decided.await.expect("the record holds the sender");
        decided.decision.expect("it was waited for")
    }

    /// Until it has ended, or goes into a trial.
    pub(crate) async fn ended_or_on_trial(&self) {
        let mut progress = self.progress.subscribe();
        let told = progress.wait_for(|progress| progress.end.is_some() || progress.trial.is_some());
        told.await.expect("the record holds the sender");
    }

    pub(crate) fn trial(&self) -> Option<TrialInfo> {
        self.progress.borrow().trial()
    }

    pub(crate) fn is_on_trial(&self) -> bool {
        self.progress.borrow().trial.is_some()
    }

    /// `false` where it has ended already, with another answer.
    pub(super) fn end(&self, answer: Answer) -> bool {
        self.progress.send_if_modified(|progress| {
            let is_first = progress.end.is_none();
            if is_first {
                progress.enter(OperationPhase::Done);
                progress.end = Some(End {
                    time: SystemTime::now(),
                    took: self.begun.elapsed(),
                    answer,
                });
            }
            is_first
        })
    }

    pub(super) fn has_ended(&self) -> bool {
        self.progress.borrow().end.is_some()
    }

    /// Until it has ended, and how.
    pub(crate) async fn answer(&self) -> Answer {
        let mut progress = self.progress.subscribe();
        let ended = progress.wait_for(|progress| progress.end.is_some()).await;
        let ended = ended.expect("the record holds the sender");
        let end = ended.end.as_ref().expect("it was waited for");
        end.answer.clone()
    }

    /// How long ago it was asked for.
    pub(crate) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    pub(crate) fn info(&self) -> OperationInfo {
        let progress = self.progress.borrow();
        let end = progress.end.as_ref();
        OperationInfo {
            id: self.id,
            plugin: self.plugin.to_string(),
            operation: self.operation,
            phase: progress.phase,
            actor: self.actor.clone(),
            cause: self.cause.clone(),
            decided_by: progress.decided_by.clone(),
            started: self.started,
            ended: end.map(|end| end.time),
            elapsed: end.map_or_else(|| self.begun.elapsed(), |end| end.took),
            in_phase: progress.since.elapsed(),
            drain: progress.drain(),
            trial: progress.trial(),
            result: end.map(|end| end.answer.clone()),
        }
    }
}
