//! What a command does in a state, as a table.

mod effect;
mod plan;
mod row;
mod stage;

pub use effect::Effect;
pub(super) use effect::{RECREATE, REPLACE};
pub(super) use plan::{Decide, Step};
pub use row::{Transition, transition};
pub use stage::{Stage, Trigger};

#[cfg(test)]
mod tests;
