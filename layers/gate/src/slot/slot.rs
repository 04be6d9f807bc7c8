use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use super::{Generation, Held, Lease, Occupant, PluginState, RawSlot, Rejected, Watch};

/// What both planes share for one plugin: the current [`Generation`], or why there is none.
///
/// The control plane opens and closes it, layers read it; a clone is another handle to the same
/// slot.
///
/// ```
/// use tower_plugin_gate::{Generation, PluginState, Slot};
///
/// let slot = Slot::new("geo", PluginState::Loading);
/// slot.open(Generation::new(1, "one"));
/// let old = slot.open(Generation::new(2, "two")).expect("the first generation");
/// assert!(old.gate().is_drained());
/// assert_eq!(slot.generation().map(|now| now.number()), Some(2));
/// ```
pub struct Slot<T> {
    pub(crate) raw: Arc<RawSlot>,
    instance: PhantomData<fn() -> T>,
}

impl<T: Send + Sync + 'static> Slot<T> {
    /// An empty slot, for the plugin called `plugin`, that rejects with `state`.
    #[must_use]
    pub fn new(plugin: impl Into<Arc<str>>, state: PluginState) -> Self {
        Self::empty(plugin.into(), false, state)
    }

    /// As [`new`](Self::new), of a plugin whose requests are tracked: [`requests`](Self::requests)
    /// says which are inside, and how far each has got.
    ///
    /// A request then costs about 200 ns and up to three allocations more; a slot made with
    /// [`new`](Self::new) costs nothing for it.
    ///
    /// ```
    /// use tower_plugin_gate::{Generation, PluginState, RequestPhase, Slot};
    ///
    /// let slot = Slot::tracked("geo", PluginState::Loading);
    /// slot.open(Generation::new(1, ()));
    /// let lease = slot.enter().expect("the slot is open");
    /// let seen = slot.requests(100).expect("they are tracked");
    /// assert_eq!((seen.total, seen.requests[0].phase), (1, RequestPhase::Upgraded));
    /// drop(lease);
    /// assert_eq!(slot.requests(100).expect("they are tracked").total, 0);
    /// ```
    #[must_use]
    pub fn tracked(plugin: impl Into<Arc<str>>, state: PluginState) -> Self {
        Self::empty(plugin.into(), true, state)
    }

    fn empty(plugin: Arc<str>, is_tracked: bool, state: PluginState) -> Self {
        let raw = RawSlot::new(plugin, is_tracked, Occupant::Closed(state));
        Self {
            raw: Arc::new(raw),
            instance: PhantomData,
        }
    }

    /// Puts `generation` in, then closes the gate of the one before, which is returned to be
    /// drained. A request in between enters exactly one of the two: none is rejected.
    ///
    /// Of a [split](Self::split), the one that is not opened is closed and returned; where that is
    /// true of both, the one that was on trial is closed, too.
    ///
    /// A generation that is there already stays as it is. One whose gate was closed serves
    /// nobody: gates open once. To be able to go back, use [`open_keeping`](Self::open_keeping),
    /// or make a new generation of an earlier instance with [`Generation::from_arc`].
    pub fn open(&self, generation: Generation<T>) -> Option<Generation<T>> {
        let generation = generation.into_raw();
        self.raw.adopt(&generation);
        self.set(Occupant::Open(generation), PluginState::Reloading)
    }

    /// Leaves the slot empty, rejecting with `state`, then closes the gate of the generation that
    /// was there, which is returned to be drained; of a [split](Self::split), that of the one on
    /// trial, too. Closing again changes the state.
    pub fn close(&self, state: PluginState) -> Option<Generation<T>> {
        self.set(Occupant::Closed(state), state)
    }

    fn set(&self, occupant: Occupant, why: PluginState) -> Option<Generation<T>> {
        let opened = match &occupant {
            Occupant::Open(generation) => Some(Arc::clone(generation)),
            _ => None,
        };
        let mut first = None;
        for before in self.raw.set(occupant).generations().into_iter().flatten() {
            if opened.as_ref().is_some_and(|now| Arc::ptr_eq(now, before)) {
                continue;
            }
            before.close(why);
            first.get_or_insert_with(|| Generation::from_raw(Arc::clone(before)));
        }
        self.raw.wake();
        first
    }

    /// Takes a lease on the current generation.
    ///
    /// # Errors
    ///
    /// [`Rejected`], with the plugin's state, when there is no generation that serves.
    pub fn enter(&self) -> Result<Lease<T>, Rejected> {
        match self.raw.admit() {
            Ok(admission) => Ok(Lease::new(admission)),
            Err(state) => Err(self.raw.rejected(state)),
        }
    }
}

impl<T> Slot<T> {
    /// Name of the plugin.
    #[must_use]
    pub fn plugin(&self) -> &str {
        &self.raw.plugin
    }

    /// The current generation; of a [split](Self::split), the stable one.
    #[must_use]
    pub fn generation(&self) -> Option<Generation<T>> {
        let occupant = self.raw.occupant();
        let [generation, _] = occupant.generations();
        generation.map(|generation| Generation::from_raw(Arc::clone(generation)))
    }

    /// Whether two generations share the requests: see [`split`](Self::split).
    #[must_use]
    pub fn is_split(&self) -> bool {
        self.raw.is_split()
    }

    /// Changes with every [`open`](Self::open), [`close`](Self::close) and
    /// [`split`](Self::split): while it stays the same, so does [`generation`](Self::generation).
    #[must_use]
    pub fn version(&self) -> u64 {
        self.raw.version()
    }

    /// Waits for changes of [`version`](Self::version).
    ///
    /// ```
    /// use tower_plugin_gate::{PluginState, Slot};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let slot = Slot::<()>::new("geo", PluginState::Loading);
    /// let (mut watch, seen) = (slot.watch(), slot.version());
    /// slot.close(PluginState::Disabled);
    /// std::future::poll_fn(|cx| watch.poll_changed(seen, cx)).await;
    /// # }
    /// ```
    pub fn watch(&self) -> Watch {
        Watch::new(Arc::clone(&self.raw))
    }

    /// Why a request would be turned away just now; `None` while a generation serves.
    ///
    /// ```
    /// use tower_plugin_gate::{Generation, PluginState, Slot};
    ///
    /// let slot = Slot::new("geo", PluginState::Loading);
    /// assert!(slot.rejection().is_some_and(|rejected| rejected.is_transient()));
    /// slot.open(Generation::new(1, ()));
    /// assert_eq!(slot.rejection(), None);
    /// ```
    #[must_use]
    pub fn rejection(&self) -> Option<Rejected> {
        let state = self.raw.rejects()?;
        Some(self.raw.rejection(state))
    }

    /// Turns a request away, which is counted, unless a generation serves: for middleware that
    /// enters generations by itself.
    #[must_use]
    pub fn reject(&self) -> Option<Rejected> {
        let state = self.raw.rejects()?;
        Some(self.raw.rejected(state))
    }

    /// As [`enter`](Slot::enter), but where a generation is being started, waits for it: first
    /// come, first served, for `max_wait` at most and as one of `max_held` at most, counting
    /// those whom layers hold.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_plugin_gate::{Generation, PluginState, Slot};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let slot = Slot::new("geo", PluginState::Loading);
    /// let held = slot.hold(Duration::from_secs(5), 100).expect("it is being started");
    /// assert_eq!(slot.held(), 1);
    /// slot.open(Generation::new(1, "instance"));
    /// assert_eq!(held.await.expect("it was started").instance(), &"instance");
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Rejected`] when no generation is being started, or `max_held` are held already. The
    /// future resolves to one when the time has passed, or as soon as the plugin is known not to
    /// come back.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with timers enabled.
    pub fn hold(&self, max_wait: Duration, max_held: usize) -> Result<Held<T>, Rejected> {
        Held::new(&self.raw, max_wait, max_held)
    }
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self {
            raw: Arc::clone(&self.raw),
            instance: PhantomData,
        }
    }
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot")
            .field("plugin", &self.plugin())
            .field("generation", &self.generation())
            .finish()
    }
}
