use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use tower_plugin_gate::{Gate, Share};

use super::Answer;
use crate::lifecycle::{errors, finished};
use crate::report::{DrainProgress, TrialInfo, TrialSide};
use crate::{Operation, OperationPhase};

/// How far an operation is.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    pub(super) phase: OperationPhase,
    pub(super) since: Instant,
    pub(super) drain: Option<Waiting>,
    pub(super) end: Option<End>,
    pub(super) trial: Option<Trial>,
    /// How somebody wants it to end: the first word counts.
    pub(super) decision: Option<Decision>,
    /// Who does.
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

/// How somebody ends an operation before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Promote,
    Abort,
    /// Another operation is to be done.
    End(Operation),
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
pub(super) struct End {
    pub(super) time: SystemTime,
    pub(super) took: Duration,
    pub(super) answer: Answer,
}

impl Progress {
    pub(super) fn new(phase: OperationPhase) -> Self {
        Self {
            phase,
            since: Instant::now(),
            drain: None,
            end: None,
            trial: None,
            decision: None,
            decided_by: None,
        }
    }

    pub(super) fn enter(&mut self, phase: OperationPhase) {
        if self.end.is_none() {
            let decision = (self.decision, self.decided_by.take());
            *self = Self::new(phase);
            (self.decision, self.decided_by) = decision;
        }
    }

    pub(super) fn wait_for(&mut self, gate: &Gate, timeout: Duration) {
        self.enter(OperationPhase::Draining);
        let gate = gate.clone();
        self.drain = Some(Waiting { gate, timeout });
    }

    pub(super) fn trial(&self) -> Option<TrialInfo> {
        self.trial.as_ref().map(Trial::info)
    }

    /// `false` where nobody waits for it any more.
    pub(super) fn decide(&mut self, decision: Decision, actor: Option<&str>) -> bool {
        let is_open = self.trial.is_some();
        let is_first = self.end.is_none() && self.decision.is_none();
        if is_open && is_first {
            self.decision = Some(decision);
            self.decided_by = actor.map(str::to_owned);
        }
        is_open && is_first
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
