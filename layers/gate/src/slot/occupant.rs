use std::sync::Arc;

use super::generation::RawGeneration;
use super::{PluginState, Rejected};
use crate::Permit;
use crate::gate::{Wait, WakerSet};
use crate::sync::{AtomicU64, Mutex, Ordering, lock};

/// What a slot holds.
#[derive(Clone)]
pub(crate) enum Occupant {
    Open(Arc<RawGeneration>),
    Closed(PluginState),
}

/// A slot without the type of its instance, as layers hold it.
pub(crate) struct RawSlot {
    pub(crate) plugin: Arc<str>,
    /// Counts the changes of `current`, so that a reader can tell by one load whether what it
    /// remembers still holds.
    version: AtomicU64,
    current: cell::Cell<Occupant>,
    changed: Mutex<WakerSet>,
}

/// A request that was let in, and through which generation.
pub(crate) struct Admission {
    pub(crate) permit: Permit,
    pub(crate) generation: Arc<RawGeneration>,
}

impl RawSlot {
    pub(crate) fn new(plugin: Arc<str>, occupant: Occupant) -> Self {
        Self {
            plugin,
            version: AtomicU64::new(1),
            current: cell::Cell::new(occupant),
            changed: Mutex::default(),
        }
    }

    pub(crate) fn version(&self) -> u64 {
        // Acquire: pairs with the Release in `set`: who sees the new number sees the occupant
        // that came with it, or a later one.
        self.version.load(Ordering::Acquire)
    }

    pub(crate) fn occupant(&self) -> Occupant {
        self.current.with(Occupant::clone)
    }

    /// Puts `occupant` in, and hands out what was there. The caller closes the old gate
    /// *afterwards*: a request that is turned away there then finds the new occupant here.
    pub(crate) fn set(&self, occupant: Occupant) -> Occupant {
        let before = self.current.swap(occupant);
        // Release: pairs with the Acquire in `version`.
        self.version.fetch_add(1, Ordering::Release);
        let wakers = lock(&self.changed).take();
        wakers.for_each(std::task::Waker::wake);
        before
    }

    pub(crate) fn rejected(&self, state: PluginState) -> Rejected {
        Rejected::new(Arc::clone(&self.plugin), state)
    }

    /// Goes in through whatever is current: the one place that decides, for every reason why
    /// there may be no instance.
    pub(crate) fn enter(&self) -> Result<Permit, PluginState> {
        self.try_current(|generation| generation.gate.enter())
    }

    /// As `enter`, and says through which generation.
    pub(crate) fn admit(&self) -> Result<Admission, PluginState> {
        self.try_current(|generation| {
            let permit = generation.gate.enter()?;
            let generation = Arc::clone(generation);
            Some(Admission { permit, generation })
        })
    }

    /// Tries something with the current generation, and again with the next one where the gate
    /// was found closed (`None`).
    pub(crate) fn try_current<T>(
        &self,
        attempt: impl Fn(&Arc<RawGeneration>) -> Option<T>,
    ) -> Result<T, PluginState> {
        let mut turned_away_by = None;
        loop {
            let tried = self.current.with(|current| match current {
                Occupant::Closed(state) => Err(Ok(*state)),
                Occupant::Open(generation) => attempt(generation).ok_or(Err(generation.number)),
            });
            match tried {
                Ok(done) => return Ok(done),
                Err(Ok(state)) => return Err(state),
                // Somebody closed the gate past the slot, so nothing new will come of looking.
                Err(Err(number)) if turned_away_by == Some(number) => {
                    return Err(PluginState::Unloading);
                }
                Err(Err(number)) => turned_away_by = Some(number),
            }
        }
    }

    /// Registers for the next change. The caller looks at the slot *afterwards*.
    pub(crate) fn register(&self, wait: &mut Wait, cx: &std::task::Context<'_>) {
        wait.register(&mut lock(&self.changed), cx);
    }

    pub(crate) fn leave(&self, wait: &mut Wait) {
        if wait.is_registered() {
            wait.leave(&mut lock(&self.changed));
        }
    }
}

#[cfg(not(tower_plugin_loom))]
mod cell {
    use std::sync::Arc;

    use arc_swap::ArcSwap;

    /// A value that is read far more often than it is changed.
    pub(super) struct Cell<T>(ArcSwap<T>);

    impl<T: Clone> Cell<T> {
        pub(super) fn new(value: T) -> Self {
            Self(ArcSwap::from_pointee(value))
        }

        pub(super) fn with<R>(&self, read: impl FnOnce(&T) -> R) -> R {
            read(&self.0.load())
        }

        pub(super) fn swap(&self, value: T) -> T {
            Arc::unwrap_or_clone(self.0.swap(Arc::new(value)))
        }
    }
}

#[cfg(tower_plugin_loom)]
mod cell {
    use loom::sync::RwLock;

    /// As the real one, by means that loom sees into.
    pub(super) struct Cell<T>(RwLock<T>);

    impl<T: Clone> Cell<T> {
        pub(super) fn new(value: T) -> Self {
            Self(RwLock::new(value))
        }

        pub(super) fn with<R>(&self, read: impl FnOnce(&T) -> R) -> R {
            read(&self.0.read().expect("no reader panics"))
        }

        pub(super) fn swap(&self, value: T) -> T {
            std::mem::replace(&mut *self.0.write().expect("no writer panics"), value)
        }
    }
}
