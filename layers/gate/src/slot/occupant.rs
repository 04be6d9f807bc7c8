use std::sync::{Arc, OnceLock};

use super::generation::RawGeneration;
use super::ledger::Ledger;
use super::near::{self, SlotId};
use super::queue::Queue;
use super::split::Split;
use super::{PluginState, Refusals, Rejected};
use crate::Permit;
use crate::gate::{RawPermit, Wait, Waiters};
use crate::latency::Histogram;
use crate::plugin::Told;
use crate::sync::{AtomicU64, Cell, Ordering};

/// What a slot holds.
#[derive(Clone)]
pub(crate) enum Occupant {
    Open(Arc<RawGeneration>),
    Closed(PluginState),
    /// Each request is for the one or the other.
    Split(Arc<Split>),
}

/// A slot without the type of its instance, as layers hold it.
pub(crate) struct RawSlot {
    pub(crate) plugin: Arc<str>,
    id: SlotId,
    refusals: Arc<Refusals>,
    /// Whether it is known which requests are inside.
    pub(crate) is_tracked: bool,
    /// Counts the changes of `current`, so that a reader can tell by one load whether what it
    /// remembers still holds.
    version: AtomicU64,
    current: Cell<Occupant>,
    changed: Waiters,
    pub(super) queue: Queue,
    pub(super) ledger: Ledger,
    /// There once a layer records into it.
    pub(super) latency: OnceLock<Arc<Histogram>>,
}

/// A request that was let in, and through which generation.
pub(crate) struct Admission {
    pub(crate) permit: Permit,
    pub(crate) generation: Arc<RawGeneration>,
}

impl RawSlot {
    pub(crate) fn new(plugin: Arc<str>, is_tracked: bool, occupant: Occupant) -> Self {
        Self {
            refusals: Refusals::new(Arc::clone(&plugin)),
            plugin,
            id: SlotId::next(),
            is_tracked,
            version: AtomicU64::new(1),
            current: Cell::new(occupant),
            changed: Waiters::default(),
            queue: Queue::default(),
            ledger: Ledger::default(),
            latency: OnceLock::new(),
        }
    }

    /// Tells a generation whose it is, before it is put in.
    pub(super) fn adopt(&self, generation: &RawGeneration) {
        generation.gate.drain().belongs_to(&self.plugin);
        if self.is_tracked {
            generation.gate.track(generation.number);
        }
    }

    #[inline]
    pub(crate) fn version(&self) -> u64 {
        // Acquire: pairs with the Release in `set`: who sees the new number sees the occupant
        // that came with it, or a later one.
        self.version.load(Ordering::Acquire)
    }

    pub(crate) fn occupant(&self) -> Occupant {
        self.current.with(Occupant::clone)
    }

    /// Puts `occupant` in, and hands out what was there. The caller closes the old gate
    /// *afterwards*: a request that is turned away there then finds the new occupant here. Then
    /// it [wakes](Self::wake).
    pub(crate) fn set(&self, occupant: Occupant) -> Occupant {
        if let Occupant::Open(generation) = &occupant {
            self.ledger.add(&generation.gate);
        }
        self.queue.settle(occupant, |occupant| self.put(occupant))
    }

    /// As `set`, where what is put in depends on what is there, if anything is.
    pub(crate) fn change(
        &self,
        next: impl FnOnce(&Occupant) -> Option<Occupant>,
    ) -> Option<Occupant> {
        self.queue.locked(|| {
            let occupant = next(&self.occupant())?;
            for generation in occupant.generations().into_iter().flatten() {
                self.ledger.add(&generation.gate);
            }
            Some(self.put(occupant))
        })
    }

    fn put(&self, occupant: Occupant) -> Occupant {
        let before = self.current.swap(occupant);
        // Release: pairs with the Acquire in `version`.
        self.version.fetch_add(1, Ordering::Release);
        before
    }

    /// Tells everybody who waits for a change: of what is in here, or of a gate that was.
    pub(crate) fn wake(&self) {
        self.changed.wake_all();
    }

    pub(crate) fn histogram(&self) -> Arc<Histogram> {
        Arc::clone(self.latency.get_or_init(|| Arc::new(Histogram::new())))
    }

    /// Takes a rejection back that a policy decided otherwise on.
    pub(crate) fn not_rejected(&self, _: &Rejected) {
        self.ledger.not_rejected();
    }

    pub(crate) fn rejected(&self, state: PluginState) -> Rejected {
        self.ledger.rejected();
        self.rejection(state)
    }

    /// What a client is told of a rejection.
    #[inline]
    pub(crate) fn told(&self, state: PluginState) -> &Arc<Told> {
        self.refusals.told(state)
    }

    /// Counts a rejection of which no more is made than what a client is told.
    #[inline]
    pub(crate) fn refused(&self) {
        self.ledger.rejected();
    }

    /// As [`rejected`](Self::rejected), of nobody who would count.
    pub(crate) fn rejection(&self, state: PluginState) -> Rejected {
        Rejected::new(Arc::clone(&self.refusals), state)
    }

    /// Goes in, by the way this thread came last, if that still leads there.
    #[inline]
    pub(crate) fn enter(&self) -> Result<RawPermit, PluginState> {
        match self.enter_near() {
            Some(permit) => Ok(permit),
            None => self.enter_anew(),
        }
    }

    /// As `enter`, by that way alone. Not for a slot whose requests are tracked.
    #[inline]
    pub(crate) fn enter_near(&self) -> Option<RawPermit> {
        let version = self.version();
        let shard = near::find(self.id, version)?;
        RawPermit::enter_if(&shard, || self.version() == version)
    }

    /// As `enter`, where that way is not to be tried, or led nowhere.
    #[inline(never)]
    pub(super) fn enter_anew(&self) -> Result<RawPermit, PluginState> {
        // Read first: if the slot changes in between, what is remembered is of an old version.
        let version = self.version();
        let enter = |generation: &Arc<RawGeneration>| generation.gate.count_in();
        let permit = self.with_open(Split::next, enter)?;
        // Where there are two, the next request is to choose anew.
        if !self.is_split() {
            near::remember(self.id, version, permit.shard_ref());
        }
        Ok(permit)
    }

    /// As `enter`, tracked if requests are.
    pub(crate) fn permit(&self) -> Result<Permit, PluginState> {
        self.with_open(Split::next, |generation| generation.gate.enter())
    }

    /// As `enter`, and says through which generation.
    pub(crate) fn admit(&self) -> Result<Admission, PluginState> {
        self.with_open(Split::next, |generation| {
            generation.gate.enter().map(|permit| Admission {
                permit,
                generation: Arc::clone(generation),
            })
        })
    }

    /// Whether `enter` would reject, and why.
    pub(crate) fn rejects(&self) -> Option<PluginState> {
        let is_open = |generation: &Arc<RawGeneration>| !generation.gate.is_closed();
        self.with_open(
            |split| &split.stable,
            |generation| is_open(generation).then_some(()),
        )
        .err()
    }

    /// Whether each request has to choose between two generations.
    pub(crate) fn is_split(&self) -> bool {
        let is_split = |current: &Occupant| matches!(current, Occupant::Split(_));
        self.current.with(is_split)
    }

    /// Does something with the current generation, and again with the next one when it returned
    /// `None`: its gate was closed. The one place that decides, for every reason why there may be
    /// no instance. Of two generations, `choose` says which is tried.
    fn with_open<T>(
        &self,
        choose: impl Fn(&Split) -> &Arc<RawGeneration>,
        attempt: impl Fn(&Arc<RawGeneration>) -> Option<T>,
    ) -> Result<T, PluginState> {
        let mut turned_away_by: Option<Arc<RawGeneration>> = None;
        loop {
            let outcome = self.current.with(|current| {
                let generation = match current {
                    Occupant::Closed(state) => return Some(Err(*state)),
                    Occupant::Open(generation) => generation,
                    Occupant::Split(split) => choose(split),
                };
                match (attempt(generation), &turned_away_by) {
                    (Some(done), _) => Some(Ok(done)),
                    // Somebody closed the gate past the slot: a slot puts the next occupant in
                    // first, and who is turned away sees that.
                    (None, Some(before)) if Arc::ptr_eq(before, generation) => {
                        Some(Err(PluginState::Unloading))
                    }
                    (None, _) => {
                        turned_away_by = Some(Arc::clone(generation));
                        None
                    }
                }
            });
            if let Some(outcome) = outcome {
                return outcome;
            }
        }
    }

    /// Registers for the next change. The caller looks at the slot *afterwards*.
    pub(crate) fn register(&self, wait: &mut Wait, cx: &std::task::Context<'_>) {
        self.changed.register(wait, cx);
    }

    #[inline]
    pub(crate) fn leave(&self, wait: &mut Wait) {
        self.changed.leave(wait);
    }
}
