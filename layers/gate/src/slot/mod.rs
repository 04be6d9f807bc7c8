//! What both planes share for one plugin: the current generation, or why there is none.

mod door;
mod generation;
mod has_slot;
mod held;
mod lease;
mod ledger;
mod near;
mod occupant;
mod queue;
mod reads;
mod rejected;
mod share;
#[expect(
    clippy::module_inception,
    reason = "the folder is named for its main part"
)]
mod slot;
mod split;
#[cfg(all(test, not(tower_plugin_loom)))]
mod split_tests;
mod spread;
mod state;
#[cfg(all(test, not(tower_plugin_loom)))]
mod tests;
mod watch;

pub use door::Door;
pub use generation::Generation;
pub use has_slot::HasSlot;
pub use held::Held;
pub use lease::Lease;
pub(crate) use rejected::Refusals;
pub use rejected::Rejected;
pub use share::Share;
pub use slot::Slot;
pub use state::PluginState;
pub use watch::Watch;

#[cfg(all(test, tower_plugin_loom))]
pub(crate) use generation::RawGeneration;
pub(crate) use occupant::{Admission, Occupant, RawSlot};
#[cfg(all(test, tower_plugin_loom))]
pub(crate) use queue::Place;
