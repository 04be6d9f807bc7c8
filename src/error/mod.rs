//! What can go wrong, by what was asked.

mod build;
mod operation;
mod register;

pub use build::BuildError;
pub use operation::{OperationError, OperationErrorKind};
pub use register::RegisterError;
