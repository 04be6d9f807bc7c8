use std::sync::Arc;
use std::time::SystemTime;

use tokio::time::Instant;
use tower_plugin_gate::{Gate, Generation, PluginState};

use super::task::Lifecycle;
use super::transition::Step;
use crate::report::Leftover;
use crate::{EventKind, GoDuration, OperationErrorKind, Plugin};

/// A generation whose drain was given up with somebody still inside.
#[derive(Debug, Clone)]
pub(crate) struct LeftBehind {
    generation: u64,
    time: SystemTime,
    since: Instant,
    gate: Gate,
}

impl LeftBehind {
    fn new<I>(generation: &Generation<I>) -> Self {
        Self {
            generation: generation.number(),
            time: SystemTime::now(),
            since: Instant::now(),
            gate: generation.gate().clone(),
        }
    }

    pub(super) fn is_gone(&self) -> bool {
        self.gate.is_drained()
    }

    /// As it is now; `None` once everybody has left.
    pub(super) fn shown(&self) -> Option<Leftover> {
        if self.is_gone() {
            return None;
        }
        let phases = self.gate.phases();
        Some(Leftover {
            generation: self.generation,
            since: self.time,
            age: self.since.elapsed(),
            // The sum of what is told by phase, so that the two agree.
            in_flight: phases.total(),
            phases,
        })
    }
}

impl<P: Plugin> Lifecycle<P> {
    /// Has a generation that is still held shown until it goes, and told of when it does.
    pub(super) fn leave_behind(&self, generation: &Generation<P::Instance>) {
        let left = LeftBehind::new(generation);
        self.published
            .publish(|snapshot| snapshot.leftovers.push(left.clone()));
        let published = Arc::clone(&self.published);
        // Weak: who holds a request for ever does not keep subscribers waiting for ever.
        let journal = Arc::downgrade(&self.journal);
        tokio::spawn(async move {
            left.gate.drained().await;
            // Which forgets those that are gone.
            published.publish(|_| {});
            let (number, age) = (left.generation, GoDuration(left.since.elapsed()));
            tracing::info!(plugin = %published.name, generation = number, %age, "a leftover is gone");
            if let Some(journal) = journal.upgrade() {
                let message = format!("nobody holds generation {number} any more, after {age}");
                journal.record(EventKind::LeftoverGone, &published.name, number, message);
            }
        });
    }

    /// Why a generation is not started, where that would leave more and more behind.
    pub(super) fn overcrowded(&self, step: Step, state: PluginState) -> Option<OperationErrorKind> {
        let leftovers = self.published.read(super::Snapshot::leftovers);
        let limit = self.settings.max_leftovers;
        let is_over = match step {
            Step::Exchange => leftovers.len() >= limit,
            // What disabling left is no reason to keep it disabled, but disabling is no way round.
            Step::Start if state == PluginState::Disabled => leftovers.len() > limit,
            _ => false,
        };
        is_over.then_some(OperationErrorKind::TooManyLeftovers { leftovers, limit })
    }
}
