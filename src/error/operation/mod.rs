//! Why an operation on a plugin did not do what was asked.
//!
//! | file | part |
//! | --- | --- |
//! | `kind.rs` | the reasons |
//! | `error.rs` | one of them, for a plugin, and what can be asked of it |
//! | `display.rs` | what it says, and what to do |

mod display;
mod error;
mod kind;

pub use error::OperationError;
pub use kind::OperationErrorKind;
