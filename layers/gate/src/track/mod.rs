//! Who is inside, and how far they have got.
//!
//! How many are in which phase is known of every plugin, at no cost to a request. Which requests
//! they are is known where a slot [tracks them](crate::Slot::tracked): then each has an entry, in
//! the list of the generation it is inside of, from when it is counted in to right before it is
//! counted out.
//!
//! | file | part |
//! | --- | --- |
//! | `phase.rs` | the phases of a request, and how many are in each |
//! | `request_line.rs` | what is kept of a request |
//! | `lane.rs` | the entries of one shard's threads, and an entry |
//! | `tracker.rs` | the list of one generation |
//! | `in_flight.rs` | what is told of it |

mod in_flight;
mod lane;
mod phase;
mod request_line;
#[cfg(all(test, not(tower_plugin_loom)))]
mod tests;
mod tracker;

pub use in_flight::{InFlightRequest, InFlightRequests};
pub(crate) use lane::Entry;
pub(crate) use phase::PhaseCell;
pub use phase::{PhaseCounts, RequestPhase};
pub(crate) use request_line::RequestLine;
pub(crate) use tracker::Tracker;
