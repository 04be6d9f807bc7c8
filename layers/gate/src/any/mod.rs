//! [`AnyLayer`]: gates a service of any request and response.

mod future;
mod layer;
mod service;

pub use future::AnyFuture;
pub use layer::AnyLayer;
pub use service::AnyService;
