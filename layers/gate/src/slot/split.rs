use std::sync::Arc;

use super::generation::RawGeneration;
use super::spread::Spread;
use super::{Generation, Occupant, PluginState, Share, Slot};

/// Two generations that serve at the same time.
pub(crate) struct Split {
    pub(super) stable: Arc<RawGeneration>,
    pub(super) trial: Arc<RawGeneration>,
    spread: Spread,
}

impl Split {
    /// The generation that the next request is to enter.
    pub(super) fn next(&self) -> &Arc<RawGeneration> {
        if self.spread.next() {
            &self.trial
        } else {
            &self.stable
        }
    }
}

impl Occupant {
    /// The generations that are given requests: the stable one first, then the one on trial.
    pub(super) fn generations(&self) -> [Option<&Arc<RawGeneration>>; 2] {
        match self {
            Self::Closed(_) => [None, None],
            Self::Open(generation) => [Some(generation), None],
            Self::Split(split) => [Some(&split.stable), Some(&split.trial)],
        }
    }

    pub(super) fn holds(&self, generation: &Arc<RawGeneration>) -> bool {
        let mut held = self.generations().into_iter().flatten();
        held.any(|held| Arc::ptr_eq(held, generation))
    }
}

/// Generations on trial, and those that are kept to go back to.
impl<T: Send + Sync + 'static> Slot<T> {
    /// Puts `trial` beside the generation that serves and gives it a share of the requests, evenly
    /// spread: exactly so many of each hundred that come from one thread, about as many
    /// over all threads. `false` where no generation serves, so that there is nothing to share
    /// with; nothing has changed then.
    ///
    /// [`open`](Self::open) the one or the other to end it: that closes the gate of the other,
    /// and no request is rejected by it. Splitting again with the same generation changes its
    /// share; with another one, that takes the place of the first, whose gate is closed.
    ///
    /// Only while there are two does choosing cost anything.
    ///
    /// ```
    /// use tower_plugin_gate::{Generation, PluginState, Share, Slot};
    ///
    /// let slot = Slot::new("geo", PluginState::Loading);
    /// slot.open(Generation::new(1, "stable"));
    ///
    /// let trial = Generation::new(2, "on trial");
    /// assert!(slot.split(trial.clone(), Share::new(10).expect("a part")));
    /// for _ in 0..100 {
    ///     slot.enter().expect("the slot is open").complete();
    /// }
    /// assert_eq!(trial.gate().counters().completed, 10);
    ///
    /// let stable = slot.open(trial).expect("the other one");
    /// assert_eq!(stable.number(), 1);
    /// ```
    #[must_use = "nothing was split if there was nothing to split with"]
    pub fn split(&self, trial: Generation<T>, share: Share) -> bool {
        let trial = trial.into_raw();
        self.raw.adopt(&trial);
        let replaced = self.raw.change(|current| {
            let [stable, _] = current.generations();
            let stable = Arc::clone(stable?);
            if Arc::ptr_eq(&stable, &trial) {
                return None;
            }
            let trial = Arc::clone(&trial);
            let spread = Spread::new(share);
            Some(Occupant::Split(Arc::new(Split {
                stable,
                trial,
                spread,
            })))
        });
        let Some(before) = replaced else {
            return false;
        };
        let [_, on_trial] = before.generations();
        if let Some(other) = on_trial.filter(|other| !Arc::ptr_eq(other, &trial)) {
            other.close(PluginState::Reloading);
        }
        self.raw.wake();
        true
    }

    /// As [`open`](Self::open), but the gate of the generation before stays open: it serves nobody
    /// new, is kept warm, and can be opened again, at once and without rejecting a request. End
    /// that by [`retire`](Self::retire): only to drop it is not enough where somebody else has a
    /// handle to it, as middleware has that wrapped something in it. Of a [split](Self::split), what
    /// is kept is the other one; where neither is the one that is opened, the stable one is kept and
    /// the one that was on trial is closed.
    ///
    /// ```
    /// use tower_plugin_gate::{Generation, PluginState, Slot};
    ///
    /// let slot = Slot::new("geo", PluginState::Loading);
    /// slot.open(Generation::new(1, "before"));
    /// let warm = slot.open_keeping(Generation::new(2, "new")).expect("the first generation");
    /// assert!(!warm.gate().is_closed());
    ///
    /// // The new one turns out not to be good.
    /// let bad = slot.open(warm).expect("the second generation");
    /// assert!(bad.gate().is_closed());
    /// assert_eq!(slot.enter().expect("the slot is open").instance(), &"before");
    /// ```
    #[must_use = "the generation before is to be retired, or opened again"]
    pub fn open_keeping(&self, generation: Generation<T>) -> Option<Generation<T>> {
        let generation = generation.into_raw();
        self.raw.adopt(&generation);
        let before = self.raw.set(Occupant::Open(Arc::clone(&generation)));
        let mut others = before
            .generations()
            .into_iter()
            .flatten()
            .filter(|before| !Arc::ptr_eq(before, &generation));
        let kept = others.next();
        for on_trial in others {
            on_trial.close(PluginState::Reloading);
        }
        self.raw.wake();
        kept.map(|kept| Generation::from_raw(Arc::clone(kept)))
    }

    /// Closes the gate of a generation that was [kept](Self::open_keeping), which is then to be
    /// drained; requests that have to be cancelled are told the state. `false` for one that the slot
    /// gives requests to: that stays as it is. Nobody may open the slot with it at the same time.
    pub fn retire(&self, generation: &Generation<T>, why: PluginState) -> bool {
        let raw = generation.raw();
        if self.raw.occupant().holds(&raw) {
            return false;
        }
        raw.close(why);
        self.raw.wake();
        true
    }

    /// The generation on trial beside the one that serves, and its share of the requests.
    #[must_use]
    pub fn on_trial(&self) -> Option<(Generation<T>, Share)> {
        match self.raw.occupant() {
            Occupant::Split(split) => {
                let trial = Generation::from_raw(Arc::clone(&split.trial));
                Some((trial, split.spread.share()))
            }
            _ => None,
        }
    }

    /// The generation that the next request is to enter: the current one or, of a
    /// [split](Self::split), the one whose turn it is. For middleware that enters generations by
    /// itself; call it once for each request.
    ///
    /// ```
    /// use tower_plugin_gate::{Generation, PluginState, Share, Slot};
    ///
    /// let slot = Slot::new("geo", PluginState::Loading);
    /// slot.open(Generation::new(1, ()));
    /// assert!(slot.split(Generation::new(2, ()), Share::new(50).expect("a part")));
    /// let chosen = [(); 100].map(|()| slot.choose().expect("the slot is open").number());
    /// assert_eq!(chosen.iter().filter(|number| **number == 2).count(), 50);
    /// ```
    #[must_use]
    pub fn choose(&self) -> Option<Generation<T>> {
        let (generation, _) = self.choose_one()?;
        Some(generation)
    }

    /// As [`choose`](Self::choose), with whether it is one of two: if it is not, it is the one for
    /// the next requests as well, until the slot's [version](Self::version) is another one.
    ///
    /// ```
    /// use tower_plugin_gate::{Generation, PluginState, Share, Slot};
    ///
    /// let slot = Slot::new("geo", PluginState::Loading);
    /// slot.open(Generation::new(1, ()));
    /// let (generation, is_one_of_two) = slot.choose_one().expect("the slot is open");
    /// assert_eq!((generation.number(), is_one_of_two), (1, false));
    ///
    /// assert!(slot.split(Generation::new(2, ()), Share::new(50).expect("a part")));
    /// let (_, is_one_of_two) = slot.choose_one().expect("the slot is open");
    /// assert!(is_one_of_two);
    /// ```
    #[must_use]
    pub fn choose_one(&self) -> Option<(Generation<T>, bool)> {
        let (chosen, is_one_of_two) = match self.raw.occupant() {
            Occupant::Closed(_) => return None,
            Occupant::Open(generation) => (generation, false),
            Occupant::Split(split) => (Arc::clone(split.next()), true),
        };
        Some((Generation::from_raw(chosen), is_one_of_two))
    }
}
