use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use tower_plugin_gate::{Gate, Share};

use super::Answer;
use crate::lifecycle::{Stage, Trigger, errors, finished, transition};
use crate::report::{DrainProgress, TrialInfo, TrialSide};
use crate::{Operation, OperationPhase, ReloadStrategy};

/// How far an operation is.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    pub(super) phase: OperationPhase,
    pub(super) since: Instant,
    pub(super) drain: Option<Waiting>,
    pub(super) end: Option<End>,
    pub(super) trial: Option<Trial>,
    /// In which something may end it before its time.
    stage: Option<Stage>,
    /// What does: the first word counts.
    pub(super) decision: Option<Trigger>,
    /// Who has asked for that.
    pub(super) decided_by: Option<String>,
}

/// A generation on trial.
#[derive(Debug, Clone)]
pub(crate) struct Trial {
    pub(crate) generation: u64,
    pub(crate) previous: u64,
    pub(crate) share: Option<Share>,
    pub(crate) new: Gate,
    pub(crate) old: Gate,
    pub(crate) ends: Option<Instant>,
    pub(crate) confirm_by: Option<Instant>,
}

impl Trial {
    fn info(&self) -> TrialInfo {
        let left = |until: Option<Instant>| Some(until?.saturating_duration_since(Instant::now()));
        let side = |generation, gate: &Gate| {
            let counters = gate.counters();
            TrialSide {
                generation,
                finished: finished(counters),
                errors: errors(counters),
            }
        };
        TrialInfo {
            new: side(self.generation, &self.new),
            previous: side(self.previous, &self.old),
            canary: self.share.map(Share::percent),
            ends_in: left(self.ends),
            confirm_in: left(self.confirm_by),
        }
    }
}

/// Requests being waited for.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    gate: Gate,
    timeout: Duration,
}

#[derive(Debug, Clone)]
pub(super) struct End<A = Answer> {
    pub(super) time: SystemTime,
    pub(super) took: Duration,
    pub(super) answer: A,
}

impl Progress {
    pub(super) fn new(phase: OperationPhase) -> Self {
        Self {
            phase,
            since: Instant::now(),
            drain: None,
            end: None,
            trial: None,
            stage: None,
            decision: None,
            decided_by: None,
        }
    }

    /// Of an operation that is about to begin.
    pub(super) fn of(operation: Operation) -> Self {
        // Which nobody asks for.
        let is_attempt = operation == Operation::Retry;
        Self {
            stage: is_attempt.then_some(Stage::Attempt),
            ..Self::new(OperationPhase::Queued)
        }
    }

    pub(super) fn enter(&mut self, phase: OperationPhase) {
        if self.end.is_none() {
            let stage = self.stage.filter(|stage| *stage == Stage::Attempt);
            *self = Self {
                stage,
                decision: self.decision,
                decided_by: self.decided_by.take(),
                ..Self::new(phase)
            };
        }
    }

    pub(super) fn enter_trial(&mut self, stage: Stage, trial: Trial) {
        self.enter(match stage {
            Stage::Canary => OperationPhase::Canary,
            _ => OperationPhase::Probation,
        });
        (self.stage, self.trial) = (Some(stage), Some(trial));
    }

    pub(super) fn wait_for(&mut self, gate: &Gate, timeout: Duration) {
        self.enter(OperationPhase::Draining);
        let gate = gate.clone();
        self.drain = Some(Waiting { gate, timeout });
    }

    pub(super) fn trial(&self) -> Option<TrialInfo> {
        self.trial.as_ref().map(Trial::info)
    }

    /// Whether something waits to be decided, and in this way.
    pub(super) fn may_decide(&self, by: Trigger) -> bool {
        let is_open = self.stage.is_some_and(|stage| {
            let strategy = ReloadStrategy::default();
            !transition(stage, by, strategy).is_refused()
        });
        is_open && self.end.is_none() && self.decision.is_none()
    }

    /// `false` where nobody waits for it, or not any more: the first word counts.
    pub(super) fn decide(&mut self, by: Trigger, actor: Option<&str>) -> bool {
        let may = self.may_decide(by);
        if may {
            self.decision = Some(by);
            self.decided_by = actor.map(str::to_owned);
        }
        may
    }

    pub(super) fn drain(&self) -> Option<DrainProgress> {
        let Waiting { gate, timeout } = self.drain.as_ref()?;
        Some(DrainProgress {
            at_close: gate.closed_on(),
            inside: gate.in_flight(),
            waited: self.since.elapsed(),
            timeout: *timeout,
        })
    }
}
