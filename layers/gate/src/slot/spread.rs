use crossbeam_utils::CachePadded;

use super::Share;
use crate::sync::{AtomicU64, Ordering, shards, thread_number};

/// Picks the requests that are part of a share, evenly: it adds the share up, and each time the
/// sum passes a hundred is one.
///
/// Each shard of threads has a sum of its own, so that threads do not wait for each other's cache
/// line. Of any hundred requests in a row that one thread picks for alone, exactly the share is
/// picked.
#[derive(Debug)]
pub(super) struct Spread {
    share: Share,
    /// A power of two of them, as of the shards of a gate.
    sums: Box<[CachePadded<AtomicU64>]>,
}

impl Spread {
    pub(super) fn new(share: Share) -> Self {
        // Apart from each other: if all began at nothing, the first request of the share would
        // have to wait until one thread alone had made up for it.
        let start = |shard: usize| (shard as u64 * 62) % 100;
        let sums = (0..shards())
            .map(|shard| CachePadded::new(AtomicU64::new(start(shard))))
            .collect();
        Self { share, sums }
    }

    pub(super) fn share(&self) -> Share {
        self.share
    }

    /// Whether the next request is part of the share.
    pub(super) fn next(&self) -> bool {
        let sum = &self.sums[thread_number() & (self.sums.len() - 1)];
        let share = u64::from(self.share.percent());
        // Relaxed: only the sum itself matters, it orders nothing.
        sum.fetch_add(share, Ordering::Relaxed) % 100 + share >= 100
    }
}
