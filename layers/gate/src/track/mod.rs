//! Who is inside, and how far they have got.
//!
//! | file | part |
//! | --- | --- |
//! | `phase.rs` | the phases of a request, and how many are in each |

mod phase;
#[cfg(all(test, not(tower_plugin_loom)))]
mod tests;

pub(crate) use phase::PhaseCell;
pub use phase::{PhaseCounts, RequestPhase};
