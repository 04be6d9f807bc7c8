use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::{Generation, Lease, Occupant, PluginState, RawSlot, Rejected, Watch};
use crate::Counters;

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

/// Something that stands for a plugin and so can be given to a layer: a [`Slot`], or a handle
/// around one.
pub trait HasSlot {
    /// Type of the plugin's instance.
    type Instance: Send + Sync + 'static;

    /// The plugin's slot.
    fn slot(&self) -> &Slot<Self::Instance>;
}

impl<T: Send + Sync + 'static> HasSlot for Slot<T> {
    type Instance = T;

    fn slot(&self) -> &Slot<T> {
        self
    }
}

impl<T: Send + Sync + 'static> Slot<T> {
    /// An empty slot, for the plugin called `plugin`, that rejects with `state`.
    #[must_use]
    pub fn new(plugin: impl Into<Arc<str>>, state: PluginState) -> Self {
        let raw = RawSlot::new(plugin.into(), Occupant::Closed(state));
        Self {
            raw: Arc::new(raw),
            instance: PhantomData,
        }
    }

    /// Puts `generation` in, then closes the gate of the one before, which is returned to be
    /// drained. A request in between enters exactly one of the two: none is rejected.
    ///
    /// A generation that is there already stays as it is. One whose gate was closed serves
    /// nobody: gates open once, so to go back to an earlier instance, make a new generation of it
    /// with [`Generation::from_arc`].
    pub fn open(&self, generation: Generation<T>) -> Option<Generation<T>> {
        let generation = generation.into_raw();
        generation.gate.drain().belongs_to(&self.raw.plugin);
        self.set(Occupant::Open(generation), PluginState::Reloading)
    }

    /// Leaves the slot empty, rejecting with `state`, then closes the gate of the generation that
    /// was there, which is returned to be drained. Closing again changes the state.
    pub fn close(&self, state: PluginState) -> Option<Generation<T>> {
        self.set(Occupant::Closed(state), state)
    }

    fn set(&self, occupant: Occupant, why: PluginState) -> Option<Generation<T>> {
        let opened = match &occupant {
            Occupant::Open(generation) => Some(Arc::clone(generation)),
            Occupant::Closed(_) => None,
        };
        match self.raw.set(occupant) {
            Occupant::Closed(_) => None,
            Occupant::Open(before) if opened.is_some_and(|now| Arc::ptr_eq(&now, &before)) => None,
            Occupant::Open(generation) => {
                generation.gate.drain().because(why);
                generation.gate.close();
                Some(Generation::from_raw(generation))
            }
        }
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

    /// The current generation.
    #[must_use]
    pub fn generation(&self) -> Option<Generation<T>> {
        match self.raw.occupant() {
            Occupant::Open(generation) => Some(Generation::from_raw(generation)),
            Occupant::Closed(_) => None,
        }
    }

    /// Changes with every [`open`](Self::open) and [`close`](Self::close): while it stays the
    /// same, so does [`generation`](Self::generation).
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

    /// What became of the plugin's requests, of all generations.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.raw.ledger.sum()
    }

    /// How many are inside the current generation.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.generation()
            .map_or(0, |generation| generation.gate().in_flight())
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
