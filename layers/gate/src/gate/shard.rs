use std::sync::{Arc, OnceLock};

use crossbeam_utils::CachePadded;

use super::{CancelledError, Wait, WakerSet};
use crate::PluginState;
use crate::sync::{AtomicBool, AtomicU64, AtomicUsize, Mutex, Ordering, lock};

const CLOSED: usize = 0b01;
const DONE: usize = 0b10;
/// One request inside, in the bits above the two flags.
const ONE: usize = 0b100;

/// A part of a gate's count with a cache line, and an `Arc`, of its own.
#[derive(Debug)]
pub(crate) struct Shard {
    line: CachePadded<Line>,
}

#[derive(Debug)]
struct Line {
    word: AtomicUsize,
    cancelled: AtomicBool,
    /// How many left after the cancellation without having been completed.
    cut: AtomicU64,
    /// Tasks to wake on cancellation. Emptied once, when `cancelled` is set under this lock.
    waiting: Mutex<WakerSet>,
    drain: Arc<Drain>,
}

/// What the shards of one gate share, touched only while it drains.
#[derive(Debug)]
pub(crate) struct Drain {
    /// Shards that are not done yet.
    live: AtomicUsize,
    waiting: Mutex<WakerSet>,
    /// Whose gate it is, told by the slot it was put in.
    plugin: OnceLock<Arc<str>>,
    /// The state the plugin was in when its slot closed the gate.
    state: OnceLock<PluginState>,
}

impl Drain {
    pub(crate) fn new(shards: usize) -> Self {
        Self {
            live: AtomicUsize::new(shards),
            waiting: Mutex::default(),
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

    /// What a request that is cut off here is told.
    pub(crate) fn cancelled_error(&self) -> CancelledError {
        let plugin = self.plugin.get().map_or_else(|| Arc::from(""), Arc::clone);
        CancelledError::new(
            plugin,
            self.state.get().copied().unwrap_or(PluginState::Unloading),
        )
    }

    pub(crate) fn is_done(&self) -> bool {
        // Acquire: pairs with the AcqRel `fetch_sub` in `shard_done`, so what requests wrote
        // before they left is visible to whoever sees the gate drained.
        self.live.load(Ordering::Acquire) == 0
    }

    /// Registers for the wake-up of the last shard. The caller looks at `is_done` *afterwards*:
    /// either it sees the zero, or the last shard sees the waker.
    pub(crate) fn register(&self, wait: &mut Wait, cx: &std::task::Context<'_>) {
        wait.register(&mut lock(&self.waiting), cx);
    }

    pub(crate) fn leave(&self, wait: &mut Wait) {
        if wait.is_registered() {
            wait.leave(&mut lock(&self.waiting));
        }
    }

    fn shard_done(&self) {
        // AcqRel: releases this shard's exits to, and acquires the other shards' exits from, the
        // load in `is_done` and the other calls of this line.
        if self.live.fetch_sub(1, Ordering::AcqRel) == 1 {
            let wakers = lock(&self.waiting).take();
            wakers.for_each(std::task::Waker::wake);
        }
    }
}

impl Shard {
    pub(crate) fn new(drain: Arc<Drain>) -> Self {
        Self {
            line: CachePadded::new(Line {
                word: AtomicUsize::new(0),
                cancelled: AtomicBool::new(false),
                cut: AtomicU64::new(0),
                waiting: Mutex::default(),
                drain,
            }),
        }
    }

    /// Counts one in. `false`: the shard is closed and nothing was counted.
    pub(crate) fn enter(&self) -> bool {
        // Relaxed: a shortcut that spares a crowd at a closed gate the two writes below; only
        // the `fetch_add` decides.
        if self.line.word.load(Ordering::Relaxed) & CLOSED != 0 {
            return false;
        }
        // Acquire: pairs with the AcqRel `fetch_or` in `close`: who is turned away sees what was
        // published before the gate was closed, the slot's new occupant first of all.
        let before = self.line.word.fetch_add(ONE, Ordering::Acquire);
        if before & CLOSED == 0 {
            return true;
        }
        self.subtract();
        false
    }

    /// Counts one more in beside somebody who is inside and stays there during the call.
    pub(crate) fn enter_again(&self) {
        // Relaxed: the count cannot be zero here, so no close can complete meanwhile.
        self.line.word.fetch_add(ONE, Ordering::Relaxed);
    }

    /// Counts one out, who was `completed` or not.
    pub(crate) fn exit(&self, completed: bool) {
        if !completed && self.is_cancelled() {
            // Relaxed: ordered by the Release half of `subtract`, read after `is_done`.
            self.line.cut.fetch_add(1, Ordering::Relaxed);
        }
        self.subtract();
    }

    fn subtract(&self) {
        // AcqRel: releases what this request did to whoever sees the shard done, and acquires
        // what those before it did, so that the last one passes all of it on.
        let before = self.line.word.fetch_sub(ONE, Ordering::AcqRel);
        if before == ONE | CLOSED {
            self.finish();
        }
    }

    /// Lets nobody in any more. The call that closed the shard is told how many were inside: up
    /// to then whoever was counted had been admitted.
    pub(crate) fn close(&self) -> Option<usize> {
        // AcqRel: pairs with the Acquire in `enter` and with the AcqRel in `subtract`.
        let before = self.line.word.fetch_or(CLOSED, Ordering::AcqRel);
        if before & CLOSED != 0 {
            return None;
        }
        if before == 0 {
            self.finish();
        }
        Some(before / ONE)
    }

    /// Moves a closed and empty shard to done. A passer-by who is being turned away may hold the
    /// count above zero for a moment: then this fails, and the passer-by comes here instead.
    fn finish(&self) {
        // AcqRel: carries the exits before on to `shard_done`. Relaxed: a failure decides nothing.
        let done = self.line.word.compare_exchange(
            CLOSED,
            CLOSED | DONE,
            Ordering::AcqRel,
            Ordering::Relaxed,
        );
        if done.is_ok() {
            self.line.drain.shard_done();
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        // Acquire: as in `enter`.
        self.line.word.load(Ordering::Acquire) & CLOSED != 0
    }

    pub(crate) fn count(&self) -> usize {
        // Relaxed: a number to show, it orders nothing.
        self.line.word.load(Ordering::Relaxed) / ONE
    }

    pub(crate) fn cut(&self) -> u64 {
        // Relaxed: see `exit`.
        self.line.cut.load(Ordering::Relaxed)
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        // Acquire: pairs with the Release store in `cancel`.
        self.line.cancelled.load(Ordering::Acquire)
    }

    pub(crate) fn drain(&self) -> &Drain {
        &self.line.drain
    }

    /// Marks the shard cancelled and wakes everybody who waits for that.
    pub(crate) fn cancel(&self) {
        let mut waiting = lock(&self.line.waiting);
        // Release: pairs with the Acquire in `is_cancelled`. Under the lock, so that no waker is
        // registered after the set was emptied.
        self.line.cancelled.store(true, Ordering::Release);
        let wakers = waiting.take();
        drop(waiting);
        wakers.for_each(std::task::Waker::wake);
    }

    /// Whether the shard is cancelled; if not, the task is woken when it is.
    pub(crate) fn poll_cancelled(&self, wait: &mut Wait, cx: &std::task::Context<'_>) -> bool {
        if self.is_cancelled() {
            return true;
        }
        if wait.is_current(cx) {
            return false;
        }
        let mut waiting = lock(&self.line.waiting);
        if self.is_cancelled() {
            return true;
        }
        wait.register(&mut waiting, cx);
        false
    }

    pub(crate) fn leave(&self, wait: &mut Wait) {
        if wait.is_registered() {
            wait.leave(&mut lock(&self.line.waiting));
        }
    }
}
