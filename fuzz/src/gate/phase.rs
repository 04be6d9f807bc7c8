use tower_plugin::gate::Gate;
use tower_plugin::{PhaseCounts, RequestPhase};

use super::insider::{Insider, What};
use super::model::{Counts, GenerationId, UnitId};
use super::world::World;

/// What is told of those inside, besides how many they are.
impl World {
    pub(super) fn check_phases(&self) {
        let generations = self.model.generations.iter().zip(&self.generations);
        for (id, (counts, generation)) in generations.enumerate() {
            let gate = generation.gate();
            let told = gate.phases();
            assert_eq!(told.total(), counts.inside, "inside, by phase");
            let expected = self.phases(id);
            assert_eq!(told.upgraded, expected.upgraded, "upgraded");
            if self.slot.requests(0).is_some() {
                assert_eq!(told, expected, "phases");
                check_list(gate, counts);
            }
        }
    }

    /// How many are in which phase, going by what each holds.
    fn phases(&self, generation: GenerationId) -> PhaseCounts {
        let mut counts = PhaseCounts::default();
        let mut seen: Vec<UnitId> = Vec::new();
        for unit in self.insiders.iter().filter_map(|insider| insider.unit) {
            if self.model.of(unit) != generation || seen.contains(&unit) {
                continue;
            }
            seen.push(unit);
            let holders = self.insiders.iter().filter(|held| held.unit == Some(unit));
            // The response's, where there is one, before that of a lease that outlives it.
            match holders.filter_map(phase).min() {
                Some(RequestPhase::Head) => counts.head += 1,
                Some(RequestPhase::Body) => counts.body += 1,
                Some(_) => counts.upgraded += 1,
                None => {}
            }
        }
        counts
    }
}

fn phase(insider: &Insider) -> Option<RequestPhase> {
    match &insider.what {
        What::Permit(_) | What::Head(..) => Some(RequestPhase::Head),
        What::Lease(_) | What::HandlerLease(_) => Some(RequestPhase::Upgraded),
        What::Listening(_, phase) => Some(*phase),
        What::Body(..) => Some(RequestPhase::Body),
        What::Rejected(..) => None,
    }
}

/// The list is of all that are inside, each once, the oldest first.
fn check_list(gate: &Gate, counts: &Counts) {
    let told = gate.requests(usize::MAX).expect("tracked");
    assert_eq!(told.total, counts.inside, "inside, by the list");
    assert_eq!(told.requests.len(), counts.inside, "entries");
    let mut ids: Vec<_> = told.requests.iter().map(|request| request.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), counts.inside, "each once");
    for request in &told.requests {
        assert_eq!(request.is_cancelled, counts.cancelled, "cancelled");
    }
}
