//! What somebody writes to have a plugin: the [`Plugin`] trait, its hooks and their surroundings.

mod context;
mod health;
mod name;
#[expect(
    clippy::module_inception,
    reason = "the folder is named for its main part"
)]
mod plugin;
mod plugin_fn;

pub use context::{StartContext, StartReason};
pub use health::{Health, HealthStatus};
pub(crate) use name::is_name;
pub use plugin::Plugin;
pub use plugin_fn::{PluginFn, plugin_fn};
