//! [`AnyLayer`]: gates a service of any request and response.
//!
//! | file | part |
//! | --- | --- |
//! | `layer.rs` | what a user configures |
//! | `service.rs` | admission, in `call` |
//! | `policy.rs` | the same with a policy for a closed gate |
//! | `future.rs` | the outcome, or a rejection in its place |

mod future;
mod layer;
mod policy;
mod service;
#[cfg(all(test, not(tower_plugin_loom)))]
mod tests;

pub use future::AnyFuture;
pub use layer::AnyLayer;
pub use policy::AnyPolicyFuture;
pub use service::AnyService;
