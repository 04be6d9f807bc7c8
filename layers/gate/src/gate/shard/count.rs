use super::Shard;
use super::word::{self, CARRIED, CARRY, CLOSED, COMPLETED, ONE};
use crate::gate::{Exit, ShardRef};
use crate::sync::Ordering;

/// In and out. See [`RawPermit`](crate::gate::RawPermit), which sees to it that who goes in leaves once.
impl Shard {
    /// Counts one in. `false`: the shard is closed and nothing was counted.
    #[inline]
    pub(in crate::gate) fn enter(&self) -> bool {
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
    pub(in crate::gate) fn enter_again(&self) {
        // Relaxed: the count cannot be zero here, so no close can complete meanwhile.
        self.line.word.fetch_add(ONE, Ordering::Relaxed);
    }

    /// Counts one out, who does not touch the shard any more.
    #[inline]
    pub(in crate::gate) fn exit(shard: &ShardRef, exit: Exit) {
        // Completed: one less inside, and one more in the bits above.
        if exit == Exit::Completed {
            Self::leave(shard, ONE.wrapping_sub(COMPLETED));
        } else {
            Self::exit_early(shard, exit);
        }
    }

    /// Counts one out as if it had never been in: it was not for this gate.
    pub(in crate::gate) fn withdraw(shard: &ShardRef) {
        Self::leave(shard, ONE);
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
