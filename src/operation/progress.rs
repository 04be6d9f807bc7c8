use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use tower_plugin_gate::Gate;

use super::Answer;
use crate::OperationPhase;
use crate::report::DrainProgress;

/// How far an operation is.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    pub(super) phase: OperationPhase,
    pub(super) since: Instant,
    pub(super) drain: Option<Waiting>,
    pub(super) end: Option<End>,
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
        }
    }

    pub(super) fn enter(&mut self, phase: OperationPhase) {
        if self.end.is_none() {
            *self = Self::new(phase);
        }
    }

    pub(super) fn wait_for(&mut self, gate: &Gate, timeout: Duration) {
        self.enter(OperationPhase::Draining);
        let gate = gate.clone();
        self.drain = Some(Waiting { gate, timeout });
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
