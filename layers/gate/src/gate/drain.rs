use std::sync::{Arc, OnceLock};
use std::task::Context;

use super::{CancelledError, PanickedError, Wait, Waiters};
use crate::PluginState;
use crate::sync::{AtomicUsize, Ordering};

/// What the shards of one gate share, touched only while it drains.
#[derive(Debug)]
pub(crate) struct Drain {
    /// Shards that are not done yet.
    live: AtomicUsize,
    waiting: Waiters,
    /// Whose gate it is, told by the slot it was put in.
    plugin: OnceLock<Arc<str>>,
    /// The state the plugin was in when its slot closed the gate.
    state: OnceLock<PluginState>,
}

impl Drain {
    pub(crate) fn new(shards: usize) -> Self {
        Self {
            live: AtomicUsize::new(shards),
            waiting: Waiters::default(),
            plugin: OnceLock::new(),
            state: OnceLock::new(),
        }
    }

    /// Says whose gate it is. Only the first word counts.
    pub(crate) fn belongs_to(&self, plugin: &Arc<str>) {
        self.plugin.get_or_init(|| Arc::clone(plugin));
    }

    /// Says why it is about to be closed. Only the first word counts.
    pub(crate) fn because(&self, state: PluginState) {
        self.state.get_or_init(|| state);
    }

    fn plugin(&self) -> Arc<str> {
        self.plugin.get().map_or_else(|| Arc::from(""), Arc::clone)
    }

    /// What a request that is cut off here is told.
    pub(crate) fn cancelled_error(&self) -> CancelledError {
        let state = self.state.get().copied().unwrap_or(PluginState::Unloading);
        CancelledError::new(self.plugin(), state)
    }

    /// What a request that ended in a panic is told.
    pub(crate) fn panicked_error(&self) -> PanickedError {
        PanickedError::new(self.plugin())
    }

    pub(crate) fn is_done(&self) -> bool {
        // Acquire: pairs with the Release `fetch_sub` in `shard_done`, so what requests wrote
        // before they left is visible to whoever sees the gate drained.
        self.live.load(Ordering::Acquire) == 0
    }

    /// Registers for the wake-up of the last shard. The caller looks at `is_done` *afterwards*:
    /// either it sees the zero, or the last shard sees the waker.
    pub(crate) fn register(&self, wait: &mut Wait, cx: &Context<'_>) {
        self.waiting.register(wait, cx);
    }

    pub(crate) fn leave(&self, wait: &mut Wait) {
        self.waiting.leave(wait);
    }

    /// To be called once by each shard.
    pub(super) fn shard_done(&self) {
        // Release: pairs with the Acquire in `is_done`, where the last zero carries the exits of
        // every shard: read-modify-writes hand on what they found.
        if self.live.fetch_sub(1, Ordering::Release) == 1 {
            self.waiting.wake_all();
        }
    }
}
