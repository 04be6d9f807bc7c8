use crossbeam_utils::CachePadded;

use super::Share;
use crate::sync::{AtomicU64, Ordering, shards, thread_number};

/// So many requests are picked from at a time.
const ROUND: u64 = 100;

/// Picks the requests that are part of a share, evenly: of each hundred in a row that one thread
/// picks for alone, exactly the share.
///
/// Which of the hundred is another matter each time, but for the first. Were it every second, say,
/// then whoever asks twice for each request, as a layer does and then a handler, would always get
/// one of each; and two plugins with the same share, one behind the other, the same.
///
/// Each shard of threads has a count of its own, so that threads do not wait for each other's cache
/// line.
#[derive(Debug)]
pub(super) struct Spread {
    share: Share,
    /// Makes it different from all others.
    seed: u64,
    /// A power of two of them, as of the shards of a gate.
    counts: Box<[CachePadded<AtomicU64>]>,
}

impl Spread {
    pub(super) fn new(share: Share) -> Self {
        static SEED: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let counts = (0..shards())
            .map(|_| CachePadded::new(AtomicU64::new(0)))
            .collect();
        Self {
            share,
            // Relaxed: only the number itself matters.
            seed: mix(SEED.fetch_add(1, Ordering::Relaxed)),
            counts,
        }
    }

    pub(super) fn share(&self) -> Share {
        self.share
    }

    /// Whether the next request is part of the share.
    pub(super) fn next(&self) -> bool {
        let shard = thread_number() & (self.counts.len() - 1);
        // Relaxed: only the count itself matters, it orders nothing.
        let count = self.counts[shard].fetch_add(1, Ordering::Relaxed);
        let share = u64::from(self.share.percent());
        if count < ROUND {
            return is_one_of_the_first(count, shard, share);
        }
        let order = mix(self.seed ^ (count / ROUND) ^ ((shard as u64) << 32));
        place(count % ROUND, order) < share
    }
}

/// Whether one of the first hundred is part of the share: as far apart as may be, so that a small
/// share begins soon. Shards begin apart from each other, or the first of a share would have to
/// wait until one thread alone had made up for it.
fn is_one_of_the_first(number: u64, shard: usize, share: u64) -> bool {
    let start = shard as u64 * 62;
    (start + number * share) % ROUND + share >= ROUND
}

/// Where one of a hundred comes in that order: each at a place of its own, neighbours apart.
fn place(number: u64, order: u64) -> u64 {
    /// Without a divisor in common with a hundred.
    const STEPS: [u64; 8] = [27, 29, 31, 37, 63, 69, 71, 73];
    let step = STEPS[(order % 8) as usize];
    (number * step + (order >> 3) % ROUND) % ROUND
}

/// Spreads numbers out, as the finalizer of SplitMix64 does.
fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(all(test, not(tower_plugin_loom)))]
mod tests {
    use super::*;

    fn spread(percent: u8) -> Spread {
        Spread::new(Share::new(percent).expect("a part"))
    }

    #[test]
    fn of_each_hundred_exactly_the_share_is_picked() {
        for percent in [1, 5, 10, 25, 50, 99] {
            let spread = spread(percent);
            for _ in 0..20 {
                let picked = (0..ROUND).filter(|_| spread.next()).count();
                assert_eq!(picked, usize::from(percent));
            }
        }
    }

    #[test]
    fn who_asks_twice_for_each_request_gets_the_share_each_time() {
        for percent in [5, 10, 25, 50] {
            let spread = spread(percent);
            let mut picked = [0, 0];
            for _ in 0..2_000 {
                for count in &mut picked {
                    *count += i32::from(spread.next());
                }
            }
            for count in picked {
                let expected = i32::from(percent) * 20;
                assert!(
                    (count - expected).abs() <= expected / 4,
                    "{percent} %: {picked:?}"
                );
            }
        }
    }

    #[test]
    fn two_with_the_same_share_pick_apart_from_each_other() {
        let (one, other) = (spread(50), spread(50));
        let both = (0..2_000).filter(|_| one.next() & other.next()).count();
        assert!((400..600).contains(&both), "{both}");
    }
}
