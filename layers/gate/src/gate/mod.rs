//! Admission for one generation: who is inside, whether more may come, when the last one left.
//!
//! The count is split over *shards*, one a core, so that requests on different cores touch
//! different cache lines. A shard's word holds `CLOSED`, `DONE` and the count:
//!
//! * **enter** adds one; where the old word says `CLOSED` it takes that back and is rejected;
//! * **exit** subtracts one; whoever leaves a closed shard empty moves it from `CLOSED` to
//!   `CLOSED | DONE` with a compare-and-swap, so exactly one thread reports the shard as empty;
//! * **close** sets `CLOSED` shard by shard. The gate is closed once [`Gate::close`] returned.
//!
//! The last shard to be done wakes everybody in [`Gate::drained`].

mod cancelled;
mod counters;
mod drain;
mod drained;
mod error;
#[expect(
    clippy::module_inception,
    reason = "the folder is named for its main part"
)]
mod gate;
mod permit;
mod shard;
#[cfg(all(test, not(tower_plugin_loom)))]
mod tests;
mod wait;
mod word;

pub use cancelled::Cancelled;
pub use counters::Counters;
pub(crate) use counters::Exit;
use counters::ExitCell;
pub(crate) use drain::Drain;
pub use drained::Drained;
pub use error::{CancelledError, PanickedError};
pub use gate::Gate;
pub use permit::Permit;
pub(crate) use shard::Shard;
pub(crate) use wait::{Wait, Waiters};
