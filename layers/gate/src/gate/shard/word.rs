//! What a shard keeps in one word, so that a request changes it once to come and once to go.
//!
//! | bits | meaning |
//! | --- | --- |
//! | 0 | `CLOSED`: nobody comes in any more |
//! | 1 | `LEFT`: closed, everybody left, and whoever was last is through with the shard |
//! | 2 | `GONE`: the gate's last handle went, and is through with the shard |
//! | 3–27 | how many are inside |
//! | 28–63 | how many completed; the top bit is carried into a counter of its own |

pub(super) const CLOSED: u64 = 0b001;
pub(super) const LEFT: u64 = 0b010;
pub(super) const GONE: u64 = 0b100;

/// One request inside. There is room for 33 million on a shard.
pub(super) const ONE: u64 = 1 << 3;
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

/// With the carry, until somebody comes in who keeps it elsewhere.
pub(super) const fn completed(word: u64) -> u64 {
    word / COMPLETED
}
