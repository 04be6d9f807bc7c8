use std::sync::Arc;
use std::task::Context;

use crossbeam_utils::CachePadded;

use super::{Drain, Wait, Waiters};
use crate::sync::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

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
    /// Tasks to wake on cancellation.
    waiting: Waiters,
    drain: Arc<Drain>,
}

impl Shard {
    pub(crate) fn new(drain: Arc<Drain>) -> Self {
        Self {
            line: CachePadded::new(Line {
                word: AtomicUsize::new(0),
                cancelled: AtomicBool::new(false),
                cut: AtomicU64::new(0),
                waiting: Waiters::default(),
                drain,
            }),
        }
    }

    /// Counts one in. `false`: the shard is closed and nothing was counted.
    pub(crate) fn enter(&self) -> bool {
        // Acquire, here and below: pairs with the Release `fetch_or` in `close`: who is turned
        // away sees what was published before the gate was closed, the slot's new occupant first
        // of all. The load spares a crowd at a closed gate the two writes below.
        if self.is_closed() {
            return false;
        }
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
        // Release: pairs with the Acquire in `finish`, so that what was done inside is passed on
        // to whoever sees the shard done.
        let before = self.line.word.fetch_sub(ONE, Ordering::Release);
        if before == ONE | CLOSED {
            self.finish();
        }
    }

    /// Lets nobody in any more. `true` for the call that closed the shard.
    pub(crate) fn close(&self) -> bool {
        // Release: pairs with the Acquire in `enter`.
        let before = self.line.word.fetch_or(CLOSED, Ordering::Release);
        if before & CLOSED != 0 {
            return false;
        }
        if before == 0 {
            self.finish();
        }
        true
    }

    /// Moves a closed and empty shard to done. A passer-by who is being turned away may hold the
    /// count above zero for a moment: then this fails, and the passer-by comes here instead.
    fn finish(&self) {
        // Acquire: pairs with the Release of every exit, in `subtract`; `shard_done` releases all
        // of it again. Relaxed: a failure decides nothing.
        let done = self.line.word.compare_exchange(
            CLOSED,
            CLOSED | DONE,
            Ordering::Acquire,
            Ordering::Relaxed,
        );
        if done.is_ok() {
            self.line.drain.shard_done();
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        // Acquire: see `enter`.
        self.line.word.load(Ordering::Acquire) & CLOSED != 0
    }

    pub(crate) fn count(&self) -> usize {
        // Relaxed: a number to show, it orders nothing.
        let word = self.line.word.load(Ordering::Relaxed);
        // Beyond `DONE` there are only passers-by who are being turned away.
        if word & DONE == 0 { word / ONE } else { 0 }
    }

    pub(crate) fn cut(&self) -> u64 {
        // Relaxed: exact once `Drain::is_done` was seen, see `exit`.
        self.line.cut.load(Ordering::Relaxed)
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        // Acquire: pairs with the Release store in `cancel`: who sees the cancellation sees why
        // the gate was closed.
        self.line.cancelled.load(Ordering::Acquire)
    }

    pub(crate) fn drain(&self) -> &Drain {
        &self.line.drain
    }

    /// Marks the shard cancelled and wakes everybody who waits for that.
    pub(crate) fn cancel(&self) {
        // Release: pairs with the Acquire in `is_cancelled`.
        self.line.cancelled.store(true, Ordering::Release);
        self.line.waiting.wake_all();
    }

    /// Whether the shard is cancelled; if not, the task is woken when it is.
    pub(crate) fn poll_cancelled(&self, wait: &mut Wait, cx: &Context<'_>) -> bool {
        if self.is_cancelled() {
            return true;
        }
        if wait.is_current(cx) {
            return false;
        }
        self.line.waiting.register(wait, cx);
        self.is_cancelled()
    }

    pub(crate) fn leave(&self, wait: &mut Wait) {
        self.line.waiting.leave(wait);
    }
}
