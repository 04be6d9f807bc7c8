use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::PluginState;
use crate::Gate;

/// One instance of a plugin with a gate of its own. A clone is another handle to it.
///
/// ```
/// use tower_plugin_gate::Generation;
///
/// let generation = Generation::new(3, [127, 0, 0, 1]);
/// assert_eq!(generation.number(), 3);
/// assert_eq!(generation.instance()[0], 127);
/// ```
pub struct Generation<T> {
    raw: Arc<RawGeneration>,
    instance: PhantomData<fn() -> T>,
}

pub(crate) struct RawGeneration {
    pub(crate) number: u64,
    pub(crate) instance: Arc<dyn Any + Send + Sync>,
    pub(crate) gate: Gate,
}

impl RawGeneration {
    /// Lets nobody in any more, and says why.
    pub(super) fn close(&self, why: PluginState) {
        self.gate.drain().because(why);
        self.gate.close();
    }
}

impl<T: Send + Sync + 'static> Generation<T> {
    /// A generation with an open gate, numbered by the caller: 1, 2, 3… for each plugin.
    #[must_use]
    pub fn new(number: u64, instance: T) -> Self {
        Self::from_arc(number, Arc::new(instance))
    }

    /// As [`new`](Self::new), of an instance that is shared: an earlier generation's, to be gone
    /// back to.
    #[must_use]
    pub fn from_arc(number: u64, instance: Arc<T>) -> Self {
        let raw = RawGeneration {
            number,
            instance,
            gate: Gate::new(),
        };
        Self::from_raw(Arc::new(raw))
    }

    /// What the plugin built.
    #[must_use]
    pub fn instance(&self) -> &T {
        self.raw
            .instance
            .downcast_ref()
            .expect("a generation holds the type it was made with")
    }

    /// What the plugin built, to keep.
    #[must_use]
    pub fn instance_arc(&self) -> Arc<T> {
        Arc::clone(&self.raw.instance)
            .downcast()
            .expect("a generation holds the type it was made with")
    }
}

impl<T> Generation<T> {
    pub(crate) fn from_raw(raw: Arc<RawGeneration>) -> Self {
        Self {
            raw,
            instance: PhantomData,
        }
    }

    pub(crate) fn into_raw(self) -> Arc<RawGeneration> {
        self.raw
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.raw.number
    }

    /// Its gate. To close it, [open](crate::Slot::open) or [close](crate::Slot::close) the slot:
    /// closed past the slot, it rejects all the same, but those who wait for the service behind
    /// to become ready are not told.
    #[must_use]
    pub fn gate(&self) -> &Gate {
        &self.raw.gate
    }

    /// Whether both are handles to one generation.
    ///
    /// ```
    /// use tower_plugin_gate::Generation;
    ///
    /// let generation = Generation::new(1, ());
    /// assert!(generation.is_same(&generation.clone()));
    /// assert!(!generation.is_same(&Generation::new(1, ())));
    /// ```
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.raw, &other.raw)
    }

    pub(crate) fn raw(&self) -> Arc<RawGeneration> {
        Arc::clone(&self.raw)
    }
}

impl<T> Clone for Generation<T> {
    fn clone(&self) -> Self {
        Self::from_raw(Arc::clone(&self.raw))
    }
}

impl<T> fmt::Debug for Generation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generation")
            .field("number", &self.raw.number)
            .field("gate", &self.raw.gate)
            .finish_non_exhaustive()
    }
}
