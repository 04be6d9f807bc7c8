//! What a shard keeps in one word, so that a request changes it once to come and once to go.
//!
//! | bits | meaning |
//! | --- | --- |
//! | 0 | `CLOSED`: nobody comes in any more |
//! | 1 | `DONE`: closed, everybody left, and that has been reported |
//! | 2–27 | how many are inside |
//! | 28–63 | how many completed; the top bit is carried into a counter of its own |

pub(super) const CLOSED: u64 = 0b01;
pub(super) const DONE: u64 = 0b10;

/// One request inside. There is room for 67 million on a shard.
pub(super) const ONE: u64 = 1 << 2;
const INSIDE: u64 = (1 << 28) - ONE;

/// One request completed.
pub(super) const COMPLETED: u64 = 1 << 28;
/// Set once 2³⁵ were completed since it was last carried.
pub(super) const CARRY: u64 = 1 << 63;
/// What the carry stands for.
pub(super) const CARRIED: u64 = CARRY / COMPLETED;

pub(super) const fn inside(word: u64) -> u64 {
    (word & INSIDE) / ONE
}

/// Without the carry, which is kept elsewhere once it was seen.
pub(super) const fn completed(word: u64) -> u64 {
    word / COMPLETED
}

/// Whether the last one has left a closed shard and nobody has reported that.
pub(super) const fn is_to_be_finished(word: u64) -> bool {
    word & (CLOSED | DONE | INSIDE) == CLOSED
}
