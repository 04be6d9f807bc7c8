use tower_plugin::PluginState;
use tower_plugin::gate::Generation;

use super::model::{Counts, GenerationId, Occupant};
use super::op::Pick;
use super::world::World;

const MAX_GENERATIONS: usize = 16;

/// What is done to generations and to the slot.
impl World {
    pub(super) fn with_generation(
        &mut self,
        pick: Pick,
        work: impl FnOnce(&mut Self, GenerationId),
    ) {
        if let Some(generation) = pick.of(self.generations.len()) {
            work(self, generation);
        }
    }

    pub(super) fn open(&mut self) {
        let generation = self.generations.len();
        if generation < MAX_GENERATIONS {
            self.generations
                .push(Generation::new(generation as u64, generation));
            self.model.generations.push(Counts::default());
            self.open_again(generation);
        }
    }

    pub(super) fn open_again(&mut self, generation: GenerationId) {
        let version = self.slot.version();
        let before = self.slot.open(self.generations[generation].clone());
        assert_ne!(self.slot.version(), version, "version of the slot");
        self.model.generations[generation].named = true;
        self.exchanged(Occupant::Open(generation), PluginState::Reloading, before);
    }

    pub(super) fn close_slot(&mut self, state: PluginState) {
        let version = self.slot.version();
        let before = self.slot.close(state);
        assert_ne!(self.slot.version(), version, "version of the slot");
        self.exchanged(Occupant::Closed(state), state, before);
    }

    /// The slot let go of `before`, because of `why`.
    fn exchanged(&mut self, now: Occupant, why: PluginState, before: Option<Generation<usize>>) {
        let expected = match (std::mem::replace(&mut self.model.slot, now), now) {
            (Occupant::Open(before), Occupant::Open(now)) if before == now => None,
            (Occupant::Open(before), _) => Some(before),
            (Occupant::Closed(_), _) => None,
        };
        assert_eq!(before.map(|before| *before.instance()), expected, "before");
        for watching in &mut self.watching {
            watching.waiter.fire();
        }
        self.service.waiter.fire();
        self.door.waiter.fire();
        if let Some(before) = expected {
            self.model.generations[before].why.get_or_insert(why);
            self.closed(before);
        }
    }

    pub(super) fn close_gate(&mut self, generation: GenerationId) {
        let closed_it = self.generations[generation].gate().close();
        assert_eq!(closed_it, self.closed(generation), "whether this closed it");
    }

    fn closed(&mut self, generation: GenerationId) -> bool {
        let closed_it = self.model.close(generation);
        if closed_it && self.model.generations[generation].is_drained() {
            self.drained(generation);
        }
        closed_it
    }

    pub(super) fn drained(&mut self, generation: GenerationId) {
        let waiting = self.awaiting.iter_mut();
        for awaiting in waiting.filter(|awaiting| awaiting.generation == generation) {
            awaiting.waiter.fire();
        }
    }

    pub(super) fn cancel(&mut self, generation: GenerationId) {
        let token = self.generations[generation].gate().token();
        self.generations[generation].gate().cancel();
        assert!(token.is_cancelled(), "token of a cancelled gate");
        self.closed(generation);
        let counts = &mut self.model.generations[generation];
        if !std::mem::replace(&mut counts.cancelled, true) {
            for insider in &mut self.insiders {
                if insider
                    .unit
                    .is_some_and(|unit| self.model.of(unit) == generation)
                {
                    insider.waiter.fire();
                }
            }
        }
    }

    pub(super) fn cancel_child_token(&mut self, generation: GenerationId) {
        self.generations[generation].gate().token().cancel();
    }
}
