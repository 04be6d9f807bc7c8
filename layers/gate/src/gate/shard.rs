use std::sync::Arc;
use std::task::Context;

use crossbeam_utils::CachePadded;

use super::word::{self, CARRIED, CARRY, CLOSED, COMPLETED, DONE, ONE};
use super::{Counters, Drain, Exit, Wait, Waiters};
use crate::sync::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use crate::{PhaseCounts, RequestPhase};

/// A part of a gate's count with a cache line, and an `Arc`, of its own.
#[derive(Debug)]
pub(crate) struct Shard {
    line: CachePadded<Line>,
}

#[derive(Debug, Default)]
struct Left {
    /// Completed, in steps of 2³⁵.
    carried: AtomicU64,
    failed: AtomicU64,
    cancelled: AtomicU64,
    panicked: AtomicU64,
    abandoned: AtomicU64,
}

#[derive(Debug)]
struct Line {
    word: AtomicU64,
    cancelled: AtomicBool,
    /// How many left in other ways than by completion, which the word counts. Each is Relaxed:
    /// written before the Release in `leave_word`, exact once `Drain::is_done` was seen.
    left: Left,
    /// How many inside are work beyond any response. Relaxed: a number to show.
    upgraded: AtomicUsize,
    /// Tasks to wake on cancellation.
    waiting: Waiters,
    drain: Arc<Drain>,
}

impl Shard {
    pub(crate) fn new(drain: Arc<Drain>) -> Self {
        Self {
            line: CachePadded::new(Line {
                word: AtomicU64::new(0),
                cancelled: AtomicBool::new(false),
                left: Left::default(),
                upgraded: AtomicUsize::new(0),
                waiting: Waiters::default(),
                drain,
            }),
        }
    }

    /// Counts one in. `false`: the shard is closed and nothing was counted.
    #[inline]
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
        self.turned_away();
        false
    }

    #[cold]
    fn turned_away(&self) {
        self.leave_word(ONE);
    }

    /// Counts one more in beside somebody who is inside and stays there during the call.
    pub(crate) fn enter_again(&self) {
        // Relaxed: the count cannot be zero here, so no close can complete meanwhile.
        self.line.word.fetch_add(ONE, Ordering::Relaxed);
    }

    /// Counts one out.
    #[inline]
    pub(crate) fn exit(&self, exit: Exit) {
        // Completed: one less inside, and one more in the bits above.
        if exit == Exit::Completed {
            self.leave_word(ONE.wrapping_sub(COMPLETED));
        } else {
            self.exit_early(exit);
        }
    }

    #[cold]
    fn exit_early(&self, exit: Exit) {
        let left = &self.line.left;
        let counter = match exit {
            Exit::Completed => return self.exit(exit),
            Exit::Failed => &left.failed,
            Exit::Panicked => &left.panicked,
            Exit::Dropped | Exit::Left if self.is_cancelled() => &left.cancelled,
            Exit::Left => return self.leave_word(ONE.wrapping_sub(COMPLETED)),
            Exit::Dropped => &left.abandoned,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        self.leave_word(ONE);
    }

    /// Takes `what` from the word: one who was inside, who may be one more completed.
    #[inline]
    fn leave_word(&self, what: u64) {
        // Release: pairs with the Acquire in `finish`, so that what was done inside is passed on
        // to whoever sees the shard done.
        let before = self.line.word.fetch_sub(what, Ordering::Release);
        if before & (CLOSED | CARRY) != 0 {
            self.left_specially(before.wrapping_sub(what));
        }
    }

    #[cold]
    fn left_specially(&self, word: u64) {
        if word & CARRY != 0 && self.line.word.fetch_and(!CARRY, Ordering::Relaxed) & CARRY != 0 {
            self.line.left.carried.fetch_add(CARRIED, Ordering::Relaxed);
        }
        if word::is_to_be_finished(word) {
            self.finish();
        }
    }

    /// Lets nobody in any more. The call that closed the shard is told how many were inside: up
    /// to then whoever was counted had been admitted.
    pub(crate) fn close(&self) -> Option<usize> {
        // Release: pairs with the Acquire in `enter`.
        let before = self.line.word.fetch_or(CLOSED, Ordering::Release);
        if before & CLOSED != 0 {
            return None;
        }
        if word::inside(before) == 0 {
            self.finish();
        }
        Some(usize::try_from(word::inside(before)).unwrap_or(usize::MAX))
    }

    /// Moves a closed and empty shard to done. A passer-by who is being turned away may hold the
    /// count above zero for a moment: then this fails, and the passer-by comes here instead.
    fn finish(&self) {
        // Acquire: pairs with the Release of every exit, in `leave_word`; `shard_done` releases
        // all of it again. Relaxed: what is only looked at decides nothing.
        let done = self
            .line
            .word
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, |word| {
                word::is_to_be_finished(word).then_some(word | DONE)
            });
        if done.is_ok() {
            self.line.drain.shard_done();
        }
    }

    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        // Acquire: see `enter`.
        self.line.word.load(Ordering::Acquire) & CLOSED != 0
    }

    /// How many are inside.
    pub(crate) fn count(&self) -> usize {
        // Relaxed: a number to show, it orders nothing.
        let word = self.line.word.load(Ordering::Relaxed);
        // Beyond `DONE` there are only passers-by who are being turned away.
        let inside = if word & DONE == 0 {
            word::inside(word)
        } else {
            0
        };
        usize::try_from(inside).unwrap_or(usize::MAX)
    }

    /// What became of those who were let in.
    pub(crate) fn counters(&self) -> Counters {
        let left = &self.line.left;
        let word = self.line.word.load(Ordering::Relaxed);
        let mut counters = Counters {
            completed: word::completed(word) + left.carried.load(Ordering::Relaxed),
            failed: left.failed.load(Ordering::Relaxed),
            cancelled: self.cut(),
            panicked: left.panicked.load(Ordering::Relaxed),
            abandoned: left.abandoned.load(Ordering::Relaxed),
            ..Counters::default()
        };
        let Counters {
            completed,
            failed,
            cancelled,
            panicked,
            abandoned,
            ..
        } = counters;
        let inside = if word & DONE == 0 {
            word::inside(word)
        } else {
            0
        };
        counters.admitted = completed + failed + cancelled + panicked + abandoned + inside;
        counters
    }

    /// How many left because of a cancellation.
    pub(crate) fn cut(&self) -> u64 {
        self.line.left.cancelled.load(Ordering::Relaxed)
    }

    #[inline]
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

    /// Somebody inside has got from one phase to another.
    #[cold]
    pub(crate) fn moved(&self, from: RequestPhase, to: RequestPhase) {
        let upgraded = &self.line.upgraded;
        match (from, to) {
            (RequestPhase::Upgraded, RequestPhase::Upgraded) => {}
            (RequestPhase::Upgraded, _) => _ = upgraded.fetch_sub(1, Ordering::Relaxed),
            (_, RequestPhase::Upgraded) => _ = upgraded.fetch_add(1, Ordering::Relaxed),
            _ => {}
        }
    }

    /// How many inside are in which phase. A pending response future always has a place in the
    /// list of those who wait, and work beyond a response is counted; the rest are bodies.
    pub(crate) fn phases(&self) -> PhaseCounts {
        let upgraded = self.line.upgraded.load(Ordering::Relaxed);
        PhaseCounts::of(self.count(), self.line.waiting.heads(), upgraded)
    }

    /// Whether the shard is cancelled; if not, the task, which is in that phase, is woken when
    /// it is.
    #[inline]
    pub(crate) fn poll_cancelled(
        &self,
        phase: RequestPhase,
        wait: &mut Wait,
        cx: &Context<'_>,
    ) -> bool {
        if self.is_cancelled() {
            return true;
        }
        if wait.is_current(cx) {
            return false;
        }
        self.register(phase, wait, cx)
    }

    #[inline(never)]
    fn register(&self, phase: RequestPhase, wait: &mut Wait, cx: &Context<'_>) -> bool {
        self.line.waiting.register_in(phase, wait, cx);
        self.is_cancelled()
    }

    #[inline]
    pub(crate) fn leave(&self, wait: &mut Wait) {
        self.line.waiting.leave(wait);
    }

    /// Makes it look as if so many had completed that one more is carried; says how many.
    #[cfg(test)]
    pub(crate) fn completed_all_but_one_carry(&self) -> u64 {
        let completed = CARRIED - 1;
        self.line
            .word
            .store(completed * COMPLETED, Ordering::Relaxed);
        completed
    }
}
