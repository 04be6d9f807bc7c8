//! Asking for an operation: its options, its turn, and the command to the plugin's task.

mod asked;
mod builder;
mod way;

pub(super) use asked::{Asked, give, give_together};
pub use builder::OperationBuilder;
use way::is_before;
pub(super) use way::{in_progress, make_way};
