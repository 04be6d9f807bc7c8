use tower_plugin::PluginState;
use tower_plugin::gate::Counters;

pub(super) type GenerationId = usize;
pub(super) type UnitId = usize;

/// What the gates and the slot should say, by plain counting.
pub(super) struct Model {
    pub(super) generations: Vec<Counts>,
    units: Vec<Unit>,
    pub(super) slot: Occupant,
    pub(super) rejected: u64,
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
    pub(super) completed: u64,
    pub(super) failed: u64,
    /// Left after the cancellation without having come to an end.
    pub(super) cut: u64,
    /// The same without a cancellation.
    pub(super) abandoned: u64,
    /// Whether it was ever in the slot, and the state in which the slot let go of it.
    pub(super) named: bool,
    pub(super) why: Option<PluginState>,
}

impl Counts {
    pub(super) fn is_drained(&self) -> bool {
        self.closed && self.inside == 0
    }

    pub(super) fn admitted(&self) -> u64 {
        self.completed + self.failed + self.cut + self.abandoned + self.inside as u64
    }

    pub(super) fn check(&self, told: Counters) {
        assert_eq!(told.admitted, self.admitted(), "admitted");
        assert_eq!(told.completed, self.completed, "completed");
        assert_eq!(told.failed, self.failed, "failed");
        assert_eq!(told.cancelled, self.cut, "cancelled");
        assert_eq!(told.abandoned, self.abandoned, "abandoned");
        assert_eq!(told.panicked, 0, "panicked");
    }
}

/// How somebody leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Before the end: cancelled, or else abandoned.
    Dropped,
    /// Work without an end of its own: cancelled, or else completed.
    Left,
    Completed,
    Failed,
}

/// One that is counted as inside, by however many hold it.
struct Unit {
    generation: GenerationId,
    holders: usize,
    /// How it leaves if nobody says otherwise.
    exit: Exit,
}

impl Model {
    pub(super) fn new(state: PluginState) -> Self {
        Self {
            generations: Vec::new(),
            units: Vec::new(),
            slot: Occupant::Closed(state),
            rejected: 0,
        }
    }

    /// All that ever happened.
    pub(super) fn sum(&self) -> Counts {
        let mut sum = Counts::default();
        for counts in &self.generations {
            sum.inside += counts.inside;
            sum.completed += counts.completed;
            sum.failed += counts.failed;
            sum.cut += counts.cut;
            sum.abandoned += counts.abandoned;
        }
        sum
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

    pub(super) fn enter(&mut self, generation: GenerationId, exit: Exit) -> UnitId {
        self.generations[generation].inside += 1;
        self.units.push(Unit {
            generation,
            holders: 1,
            exit,
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

    /// One of the unit's holders goes, by saying how or not, and only the last one counts. The
    /// generation that is drained by that, if one is.
    pub(super) fn release(&mut self, unit: UnitId, exit: Option<Exit>) -> Option<GenerationId> {
        let unit = &mut self.units[unit];
        unit.holders -= 1;
        if unit.holders > 0 {
            if exit.is_some() {
                unit.exit = Exit::Left;
            }
            return None;
        }
        let exit = exit.unwrap_or(unit.exit);
        let counts = &mut self.generations[unit.generation];
        counts.inside -= 1;
        *match exit {
            Exit::Completed => &mut counts.completed,
            Exit::Failed => &mut counts.failed,
            Exit::Dropped | Exit::Left if counts.cancelled => &mut counts.cut,
            Exit::Left => &mut counts.completed,
            Exit::Dropped => &mut counts.abandoned,
        } += 1;
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
