use std::sync::Arc;
use std::task::Context;

use crossbeam_utils::CachePadded;

use super::pool::{Pool, ShardRef};
use super::word::{self, CARRIED, CARRY, CLOSED, COMPLETED, GONE, LEFT, ONE};
use super::{Counters, Drain, Exit, Key, Wait, Waiters};
use crate::plugin::KeptForRequests;
use crate::sync::{AtomicBool, AtomicU64, AtomicUsize, Mutex, Ordering, lock};
use crate::{PhaseCounts, RequestPhase};

/// A part of a gate's count with a cache line of its own, while it belongs to one.
#[derive(Debug)]
pub(crate) struct Shard {
    line: CachePadded<Line>,
    /// Where it goes back to.
    pool: &'static Pool,
}

#[derive(Debug, Default)]
struct Line {
    word: AtomicU64,
    cancelled: AtomicBool,
    /// How many left in other ways than by completion, which the word counts. Each is Relaxed:
    /// written before the Release in `leave`, exact once `Drain::is_done` was seen.
    left: Left,
    /// How many inside are work beyond any response. Relaxed: a number to show.
    upgraded: AtomicUsize,
    /// Tasks to wake on cancellation.
    waiting: Waiters,
    /// Of those who are inside by more than a permit.
    kept: KeptForRequests,
    /// There until everybody has left.
    drain: Mutex<Option<Arc<Drain>>>,
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

/// How a shard comes to a gate, and goes back.
///
/// Two let go of it: the gate, with its last handle, and the last request inside, once the gate
/// is closed. Each says so in the word when it is through with the shard, and who finds that the
/// other has been there gives the shard back. So nobody can touch one that has a new owner.
impl Shard {
    /// One that belongs to no gate, and lets nobody in.
    pub(super) fn new(pool: &'static Pool) -> Self {
        let line = Line::default();
        // Relaxed, here and in `open`: nobody else knows it yet.
        line.word.store(CLOSED | LEFT | GONE, Ordering::Relaxed);
        Self {
            line: CachePadded::new(line),
            pool,
        }
    }

    /// Makes it a part of the gate whose drain it is.
    pub(super) fn open(&self, drain: Arc<Drain>) {
        let line = &*self.line;
        debug_assert_eq!(
            line.word.load(Ordering::Relaxed) & (CLOSED | LEFT | GONE),
            CLOSED | LEFT | GONE,
            "nobody has it"
        );
        *lock(&line.drain) = Some(drain);
        line.word.store(0, Ordering::Relaxed);
    }

    /// Forgets what its gate has counted. Nobody else may have it.
    pub(super) fn reset(&self) {
        let line = &*self.line;
        line.cancelled.store(false, Ordering::Relaxed);
        for counter in line.left.all() {
            counter.store(0, Ordering::Relaxed);
        }
        line.upgraded.store(0, Ordering::Relaxed);
        line.waiting.clear();
    }

    /// Lets nobody in any more. The call that closed the shard is told how many were inside.
    pub(super) fn close(shard: &ShardRef) -> Option<usize> {
        // Release: pairs with the Acquire in `enter`.
        let before = shard.line.word.fetch_or(CLOSED, Ordering::Release);
        if before & CLOSED != 0 {
            return None;
        }
        if word::inside(before) == 0 {
            Self::everybody_left(shard);
        }
        Some(usize::try_from(word::inside(before)).unwrap_or(usize::MAX))
    }

    /// To be called by whoever closed an empty shard, or left a closed one empty: since nobody
    /// comes in after the close, that is one caller.
    fn everybody_left(shard: &ShardRef) {
        let drain = lock(&shard.line.drain).take();
        // Acquire: pairs with the Release of every exit, in `leave`; `shard_done` releases all of
        // it again. Release: pairs with the Acquire in `let_go`, whose caller gives it back.
        let before = shard.line.word.fetch_or(LEFT, Ordering::AcqRel);
        if before & GONE != 0 {
            shard.pool.give_back(shard.clone());
        }
        if let Some(drain) = drain {
            drain.shard_done();
        }
    }

    /// To be called once, with the gate's last handle, by which nobody can come in any more.
    pub(super) fn let_go(shard: &ShardRef) {
        Self::close(shard);
        // AcqRel: pairs with the same in `everybody_left`, whichever comes first.
        let before = shard.line.word.fetch_or(GONE, Ordering::AcqRel);
        if before & LEFT != 0 {
            shard.pool.give_back(shard.clone());
        }
    }
}

/// In and out. See [`RawPermit`](super::RawPermit), which sees to it that who goes in leaves once.
impl Shard {
    /// Counts one in. `false`: the shard is closed and nothing was counted.
    #[inline]
    pub(super) fn enter(&self) -> bool {
        // Acquire, here and below: pairs with the Release `fetch_or` in `close`: who is turned
        // away sees what was published before the gate was closed, the slot's new occupant first
        // of all.
        let word = self.line.word.load(Ordering::Acquire);
        // Not `fetch_add`: who is turned away must not have been counted, or the last one inside
        // could not tell that it is the last.
        word & (CLOSED | CARRY) == 0
            && self
                .line
                .word
                .compare_exchange(word, word + ONE, Ordering::Acquire, Ordering::Relaxed)
                .is_ok()
            || self.enter_anew()
    }

    #[cold]
    fn enter_anew(&self) -> bool {
        let mut word = self.line.word.load(Ordering::Acquire);
        while word & CLOSED == 0 {
            let next = (word & !CARRY) + ONE;
            let orders = (Ordering::Acquire, Ordering::Acquire);
            match self
                .line
                .word
                .compare_exchange_weak(word, next, orders.0, orders.1)
            {
                Ok(_) => {
                    // Inside, and so the shard is still this gate's.
                    if word & CARRY != 0 {
                        self.line.left.carried.fetch_add(CARRIED, Ordering::Relaxed);
                    }
                    return true;
                }
                Err(now) => word = now,
            }
        }
        false
    }

    /// Counts one more in beside somebody who is inside and stays there during the call.
    pub(super) fn enter_again(&self) {
        // Relaxed: the count cannot be zero here, so no close can complete meanwhile.
        self.line.word.fetch_add(ONE, Ordering::Relaxed);
    }

    /// Counts one out, who does not touch the shard any more.
    #[inline]
    pub(super) fn exit(shard: &ShardRef, exit: Exit) {
        // Completed: one less inside, and one more in the bits above.
        if exit == Exit::Completed {
            Self::leave(shard, ONE.wrapping_sub(COMPLETED));
        } else {
            Self::exit_early(shard, exit);
        }
    }

    #[cold]
    fn exit_early(shard: &ShardRef, exit: Exit) {
        let left = &shard.line.left;
        let counter = match exit {
            Exit::Completed => return Self::exit(shard, exit),
            Exit::Failed => &left.failed,
            Exit::Panicked => &left.panicked,
            Exit::Dropped | Exit::Left if shard.is_cancelled() => &left.cancelled,
            Exit::Left => return Self::exit(shard, Exit::Completed),
            Exit::Dropped => &left.abandoned,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        Self::leave(shard, ONE);
    }

    /// Takes `what` from the word: one who was inside, who may be one more completed.
    #[inline]
    fn leave(shard: &ShardRef, what: u64) {
        // Release: pairs with the Acquire in `everybody_left`, so that what was done inside is
        // passed on to whoever sees the shard done.
        let before = shard.line.word.fetch_sub(what, Ordering::Release);
        debug_assert_ne!(word::inside(before), 0, "who leaves was inside");
        if before & CLOSED != 0 {
            Self::leave_closed(shard, before);
        }
    }

    #[cold]
    fn leave_closed(shard: &ShardRef, before: u64) {
        if word::inside(before) == 1 {
            Self::everybody_left(shard);
        }
    }
}

/// What there is to know.
impl Shard {
    #[inline]
    pub(super) fn is_closed(&self) -> bool {
        // Acquire: see `enter`.
        self.line.word.load(Ordering::Acquire) & CLOSED != 0
    }

    /// How many are inside.
    pub(super) fn count(&self) -> usize {
        // Relaxed: a number to show, it orders nothing.
        let word = self.line.word.load(Ordering::Relaxed);
        usize::try_from(word::inside(word)).unwrap_or(usize::MAX)
    }

    /// What became of those who were let in.
    pub(super) fn counters(&self) -> Counters {
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
        let inside = word::inside(word);
        counters.admitted = completed + failed + cancelled + panicked + abandoned + inside;
        counters
    }

    /// How many left because of a cancellation.
    pub(super) fn cut(&self) -> u64 {
        self.line.left.cancelled.load(Ordering::Relaxed)
    }

    /// The drain of the gate, for somebody who is inside.
    pub(crate) fn drain(&self) -> Arc<Drain> {
        let drain = lock(&self.line.drain);
        Arc::clone(drain.as_ref().expect("who asks has not left"))
    }
}

/// Cancellation.
impl Shard {
    #[inline]
    pub(crate) fn is_cancelled(&self) -> bool {
        // Acquire: pairs with the Release store in `cancel`: who sees the cancellation sees why
        // the gate was closed.
        self.line.cancelled.load(Ordering::Acquire)
    }

    /// Marks the shard cancelled and wakes everybody who waits for that.
    pub(super) fn cancel(&self) {
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

    /// Has the task of a response body woken by the cancellation. The caller looks whether there
    /// was one *afterwards*.
    pub(crate) fn register_body(&self, key: Option<Key>, cx: &Context<'_>) -> Key {
        self.line.waiting.register_key(key, cx)
    }

    pub(crate) fn leave_body(&self, key: Key) {
        self.line.waiting.leave_key(key);
    }

    pub(crate) fn kept(&self) -> &KeptForRequests {
        &self.line.kept
    }

    #[inline]
    pub(crate) fn stop_waiting(&self, wait: &mut Wait) {
        self.line.waiting.leave(wait);
    }
}

impl Left {
    fn all(&self) -> [&AtomicU64; 5] {
        let Self {
            carried,
            failed,
            cancelled,
            panicked,
            abandoned,
        } = self;
        [carried, failed, cancelled, panicked, abandoned]
    }
}

#[cfg(test)]
impl Shard {
    /// Makes it look as if so many had completed that one more is carried; says how many.
    pub(crate) fn completed_all_but_one_carry(&self) -> u64 {
        let completed = CARRIED - 1;
        let word = &self.line.word;
        word.fetch_add(completed * COMPLETED, Ordering::Relaxed);
        completed
    }
}
