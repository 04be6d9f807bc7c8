//! [`AnyLayer`]: gates a service of any request and response.

mod future;
mod layer;
mod service;
#[cfg(all(test, not(tower_plugin_loom)))]
mod tests;

pub use future::AnyFuture;
pub use layer::AnyLayer;
pub use service::AnyService;
