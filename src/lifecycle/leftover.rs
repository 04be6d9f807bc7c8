use std::sync::Arc;
use std::time::SystemTime;

use tokio::time::Instant;
use tower_plugin_gate::{Gate, Generation, PluginState};

use super::Published;
use super::Snapshot;
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
    /// Of a plugin that was unloaded since.
    is_unloaded: bool,
}

impl LeftBehind {
    fn new<I>(generation: &Generation<I>) -> Self {
        Self {
            generation: generation.number(),
            time: SystemTime::now(),
            since: Instant::now(),
            gate: generation.gate().clone(),
            is_unloaded: false,
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
            unloaded: self.is_unloaded,
            // The sum of what is told by phase, so that the two agree.
            in_flight: phases.total(),
            phases,
        })
    }
}

/// Leftovers that outlive their plugin.
impl Published {
    pub(crate) fn has_leftovers(&self) -> bool {
        self.read(Snapshot::leftover_count) > 0
    }

    /// What is left is that of a plugin that is no more.
    pub(super) fn unloaded(&self) {
        self.publish(|snapshot| {
            let left = snapshot.leftovers.iter_mut();
            left.for_each(|left| left.is_unloaded = true);
        });
    }

    /// Takes over what is left of a plugin that had the name before, so that it is shown, and
    /// counts.
    pub(crate) fn inherit(&self, before: &Self) {
        let left = before.read(|snapshot| snapshot.leftovers.clone());
        self.publish(|snapshot| {
            let gates = left.iter().map(|left| left.gate.clone());
            snapshot.gates.extend(gates);
            snapshot.leftovers.extend(left);
        });
    }

    /// Whether there are so many that none of its name is to be registered.
    pub(crate) fn is_overcrowded(&self, limit: usize) -> Option<usize> {
        let left = self.read(Snapshot::leftover_count);
        (left > limit).then_some(left)
    }
}

impl<P: Plugin> Lifecycle<P> {
    /// Has a generation that is still held shown until it goes, and told of when it does.
    pub(super) fn leave_behind(&self, generation: &Generation<P::Instance>) {
        let left = LeftBehind::new(generation);
        self.published
            .publish(|snapshot| snapshot.leftovers.push(left.clone()));
        let (published, registry) = (Arc::clone(&self.published), self.registry.clone());
        // Weak: who holds a request for ever does not keep subscribers waiting for ever.
        let journal = Arc::downgrade(&self.journal);
        tokio::spawn(async move {
            left.gate.drained().await;
            // Which forgets those that are gone.
            published.publish(|_| {});
            registry.forget_unloaded(&published.name);
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
