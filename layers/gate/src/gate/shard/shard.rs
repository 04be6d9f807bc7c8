use std::sync::Arc;

use crossbeam_utils::CachePadded;

use super::word::{self, CLOSED, GONE, LEFT};
#[cfg(test)]
use super::word::{CARRIED, COMPLETED};
use crate::gate::{Drain, Pool, ShardRef, Waiters};
use crate::plugin::KeptForRequests;
use crate::sync::{AtomicBool, AtomicU64, AtomicUsize, Mutex, Ordering, lock};

/// A part of a gate's count with a cache line of its own, while it belongs to one.
#[derive(Debug)]
pub(crate) struct Shard {
    pub(super) line: CachePadded<Line>,
    /// Where it goes back to.
    pub(super) pool: &'static Pool,
}

#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) word: AtomicU64,
    pub(super) cancelled: AtomicBool,
    /// How many left in other ways than by completion, which the word counts. Each is Relaxed:
    /// written before the Release in `leave`, exact once `Drain::is_done` was seen.
    pub(super) left: Left,
    /// How many inside are work beyond any response. Relaxed: a number to show.
    pub(super) upgraded: AtomicUsize,
    /// Tasks to wake on cancellation.
    pub(super) waiting: Waiters,
    /// Of those who are inside by more than a permit.
    pub(super) kept: KeptForRequests,
    /// There until everybody has left.
    pub(super) drain: Mutex<Option<Arc<Drain>>>,
}

#[derive(Debug, Default)]
pub(super) struct Left {
    /// Completed, in steps of 2³⁵.
    pub(super) carried: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) cancelled: AtomicU64,
    pub(super) panicked: AtomicU64,
    pub(super) abandoned: AtomicU64,
}

/// How a shard comes to a gate, and goes back.
///
/// Two let go of it: the gate, with its last handle, and the last request inside, once the gate
/// is closed. Each says so in the word when it is through with the shard, and who finds that the
/// other has been there gives the shard back. So nobody can touch one that has a new owner.
impl Shard {
    /// One that belongs to no gate, and lets nobody in.
    pub(in crate::gate) fn new(pool: &'static Pool) -> Self {
        let line = Line::default();
        // Relaxed: nobody else knows it yet.
        line.word.store(CLOSED | LEFT | GONE, Ordering::Relaxed);
        Self {
            line: CachePadded::new(line),
            pool,
        }
    }

    /// Makes it a part of the gate whose drain it is.
    pub(in crate::gate) fn open(&self, drain: Arc<Drain>) {
        let line = &*self.line;
        debug_assert_eq!(
            line.word.load(Ordering::Relaxed) & (CLOSED | LEFT | GONE),
            CLOSED | LEFT | GONE,
            "nobody has it"
        );
        *lock(&line.drain) = Some(drain);
        // Release: pairs with the Acquire in `enter`: who comes in by having been in before, when
        // the shard was another gate's, sees that the slot of that has changed.
        line.word.store(0, Ordering::Release);
    }

    /// Forgets what its gate has counted. Nobody else may have it.
    pub(in crate::gate) fn reset(&self) {
        let line = &*self.line;
        line.cancelled.store(false, Ordering::Relaxed);
        for counter in line.left.all() {
            counter.store(0, Ordering::Relaxed);
        }
        line.upgraded.store(0, Ordering::Relaxed);
        line.waiting.clear();
    }

    /// Lets nobody in any more. The call that closed the shard is told how many were inside.
    pub(in crate::gate) fn close(shard: &ShardRef) -> Option<usize> {
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
    pub(super) fn everybody_left(shard: &ShardRef) {
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
    pub(in crate::gate) fn let_go(shard: &ShardRef) {
        Self::close(shard);
        // AcqRel: pairs with the same in `everybody_left`, whichever comes first.
        let before = shard.line.word.fetch_or(GONE, Ordering::AcqRel);
        if before & LEFT != 0 {
            shard.pool.give_back(shard.clone());
        }
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
