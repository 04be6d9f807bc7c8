use tower_plugin::PluginState;

pub(super) type GenerationId = usize;
pub(super) type UnitId = usize;

/// What the gates and the slot should say, by plain counting.
pub(super) struct Model {
    pub(super) generations: Vec<Counts>,
    units: Vec<Unit>,
    pub(super) slot: Occupant,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Occupant {
    Open(GenerationId),
    Closed(PluginState),
}

#[derive(Default)]
pub(super) struct Counts {
    pub(super) inside: usize,
    pub(super) closed: bool,
    pub(super) closed_on: usize,
    pub(super) cancelled: bool,
    /// Left after the cancellation without having completed.
    pub(super) cut: u64,
    /// Whether it was ever in the slot, and the state in which the slot let go of it.
    pub(super) named: bool,
    pub(super) why: Option<PluginState>,
}

impl Counts {
    pub(super) fn is_drained(&self) -> bool {
        self.closed && self.inside == 0
    }
}

/// One that is counted as inside, by however many hold it.
struct Unit {
    generation: GenerationId,
    holders: usize,
}

impl Model {
    pub(super) fn new(state: PluginState) -> Self {
        Self {
            generations: Vec::new(),
            units: Vec::new(),
            slot: Occupant::Closed(state),
        }
    }

    /// Which generation takes a request just now, or why none does.
    pub(super) fn admits(&self) -> Result<GenerationId, PluginState> {
        match self.slot {
            Occupant::Closed(state) => Err(state),
            // Closed past the slot.
            Occupant::Open(current) if self.generations[current].closed => {
                Err(PluginState::Unloading)
            }
            Occupant::Open(current) => Ok(current),
        }
    }

    pub(super) fn enter(&mut self, generation: GenerationId) -> UnitId {
        self.generations[generation].inside += 1;
        self.units.push(Unit {
            generation,
            holders: 1,
        });
        self.units.len() - 1
    }

    pub(super) fn hold(&mut self, unit: UnitId) {
        self.units[unit].holders += 1;
    }

    pub(super) fn of(&self, unit: UnitId) -> GenerationId {
        self.units[unit].generation
    }

    pub(super) fn is_cancelled(&self, unit: UnitId) -> bool {
        self.generations[self.of(unit)].cancelled
    }

    /// One of the unit's holders goes. The generation that is drained by that, if one is.
    pub(super) fn release(&mut self, unit: UnitId, completed: bool) -> Option<GenerationId> {
        let unit = &mut self.units[unit];
        unit.holders -= 1;
        if unit.holders > 0 {
            return None;
        }
        let counts = &mut self.generations[unit.generation];
        counts.inside -= 1;
        if counts.cancelled && !completed {
            counts.cut += 1;
        }
        counts.is_drained().then_some(unit.generation)
    }

    /// Whether that closed it, and so drained it if nobody is inside.
    pub(super) fn close(&mut self, generation: GenerationId) -> bool {
        let counts = &mut self.generations[generation];
        if counts.closed {
            return false;
        }
        counts.closed = true;
        counts.closed_on = counts.inside;
        true
    }
}
