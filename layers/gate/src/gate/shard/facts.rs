use std::sync::Arc;

use super::Shard;
use super::word::{self, CLOSED};
use crate::gate::{Counters, Drain};
use crate::sync::{Ordering, lock};

/// What there is to know.
impl Shard {
    #[inline]
    pub(in crate::gate) fn is_closed(&self) -> bool {
        // Acquire: see `enter`.
        self.line.word.load(Ordering::Acquire) & CLOSED != 0
    }

    /// How many are inside.
    pub(in crate::gate) fn count(&self) -> usize {
        // Relaxed: a number to show, it orders nothing.
        let word = self.line.word.load(Ordering::Relaxed);
        usize::try_from(word::inside(word)).unwrap_or(usize::MAX)
    }

    /// What became of those who were let in.
    pub(in crate::gate) fn counters(&self) -> Counters {
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
    pub(in crate::gate) fn cut(&self) -> u64 {
        self.line.left.cancelled.load(Ordering::Relaxed)
    }

    /// The drain of the gate, for somebody who is inside.
    pub(crate) fn drain(&self) -> Arc<Drain> {
        let drain = lock(&self.line.drain);
        Arc::clone(drain.as_ref().expect("who asks has not left"))
    }
}
