//! Operations under way, and those that are done for as long as they are remembered: who asked for
//! what, how far it is, what came of it.

mod group;
mod handle;
mod id;
mod log;
mod progress;
mod record;
mod turn;

pub(crate) use group::Group;
pub use group::GroupHandle;
pub use handle::OperationHandle;
pub use id::{OperationId, ParseOperationIdError};
pub(crate) use log::OperationLog;
pub(crate) use progress::{Progress, Trial};
pub(crate) use record::{Answer, Record};
pub(crate) use turn::Turn;
