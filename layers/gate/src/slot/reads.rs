//! What a slot says of its plugin's requests.

use super::Slot;
use crate::{Counters, InFlightRequests, Latency, PhaseCounts};

impl<T> Slot<T> {
    /// What became of the plugin's requests, of all generations.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.raw.ledger.sum()
    }

    /// How long the plugin's requests took, of all generations; `None` where no
    /// [`LatencyLayer`](crate::LatencyLayer) was ever made for it.
    #[must_use]
    pub fn latency(&self) -> Option<Latency> {
        self.raw.latency.get().map(|histogram| histogram.read())
    }

    /// How many are inside the current generation; of a [split](Self::split), inside both.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        let occupant = self.raw.occupant();
        let generations = occupant.generations().into_iter().flatten();
        generations
            .map(|generation| generation.gate.in_flight())
            .sum()
    }

    /// Those inside, of every generation, the oldest first and `limit` of them at most; `None`
    /// where they are not [tracked](Slot::tracked). As [`Gate::requests`](crate::Gate::requests).
    #[must_use]
    pub fn requests(&self, limit: usize) -> Option<InFlightRequests> {
        if !self.raw.is_tracked {
            return None;
        }
        let mut all = InFlightRequests::default();
        for gate in self.raw.ledger.gates() {
            if let Some(requests) = gate.requests(limit) {
                all.merge(requests, limit);
            }
        }
        Some(all)
    }

    /// How many are in which phase, of every generation. As
    /// [`Gate::phases`](crate::Gate::phases).
    #[must_use]
    pub fn phases(&self) -> PhaseCounts {
        let mut sum = PhaseCounts::default();
        for gate in self.raw.ledger.gates() {
            sum += gate.phases();
        }
        sum
    }

    /// How many requests are [held](crate::OnClosed::Hold) until the plugin comes back. They are
    /// not in flight: nobody has let them in.
    #[must_use]
    pub fn held(&self) -> usize {
        self.raw.queue.len()
    }
}
