//! The manager: registers plugins, passes commands to their tasks, reads what they publish.

mod builder;
mod graph;
mod group;
mod handle;
mod health;
mod history;
#[expect(
    clippy::module_inception,
    reason = "the folder is named for its main part"
)]
mod manager;
mod operation;
mod read;
mod register;
mod registry;
mod shutdown;
mod trial;
mod watch;

pub use builder::PluginManagerBuilder;
pub use group::{Cascade, RegisterAll, ReloadAll};
pub use handle::PluginHandle;
pub use manager::PluginManager;
pub use operation::OperationBuilder;
pub use register::Registration;
pub(crate) use registry::Registry;
pub use shutdown::ShutdownReport;
#[cfg(feature = "admin")]
pub(crate) use trial::aborted;
