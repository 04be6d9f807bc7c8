//! Admission for one generation: who is inside, whether more may come, when the last one left.
//!
//! The count is split over *shards*, one a core, so that requests on different cores touch
//! different cache lines. A shard's word holds `CLOSED` and the count:
//!
//! * **enter** adds one with a compare-and-swap, unless the word says `CLOSED`;
//! * **exit** subtracts one;
//! * **close** sets `CLOSED` shard by shard. The gate is closed once [`Gate::close`] returned.
//!
//! Nobody is counted who is turned away, so exactly one thread finds a shard closed and empty: the
//! one that closes it, or the last one to leave. The last shard of all wakes everybody in
//! [`Gate::drained`].
//!
//! # Who keeps a shard alive
//!
//! The count itself does. A request that held an `Arc` of its shard would pay for two more changes
//! of a shared word, as much as for being counted. So shards live as long as the process, and
//! belong to one gate at a time: its last handle and its last request each say in the word that
//! they are through with it, and who comes second gives it back to a list, which the next gate
//! takes its shards from. There are never more shards than were in use at one time; each takes
//! 256 bytes.
//!
//! So a thread may also remember a shard without keeping its gate: a slot's requests come in where
//! the thread's last one did, and then look whether the slot is still the same. Who finds that it
//! is not has come into some other gate, or into none, and withdraws.

#![allow(
    clippy::clone_on_copy,
    reason = "a reference to a shard is counted under loom"
)]

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
mod pool;
mod raw_permit;
mod shard;
#[cfg(all(test, not(tower_plugin_loom)))]
mod tests;
mod wait;

pub use cancelled::Cancelled;
pub use counters::Counters;
pub(crate) use counters::Exit;
use counters::ExitCell;
pub(crate) use drain::Drain;
pub use drained::Drained;
pub use error::{CancelledError, PanickedError};
pub use gate::Gate;
pub use permit::Permit;
pub(crate) use pool::Pool;
pub(crate) use pool::ShardRef;
pub(crate) use raw_permit::RawPermit;
pub(crate) use shard::Shard;
pub(crate) use wait::{Key, Wait, Waiters};
