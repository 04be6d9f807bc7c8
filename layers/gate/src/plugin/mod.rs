//! [`PluginLayer`]: gates an HTTP or gRPC service and counts each request until its response
//! body ends.
//!
//! | file | part |
//! | --- | --- |
//! | `layer.rs` | what a user configures |
//! | `service.rs` | admission, in `call` |
//! | `holder.rs` | the permit of a request, or the lease it shares with an upgrade handler |
//! | `future.rs` | the response head, or a rejection in its place |
//! | `body.rs` | the response body, and its end |
//! | `answer.rs` | what a rejection looks like in HTTP and in gRPC |
//! | `named.rs` | the name of a tonic service, with the feature `tonic` |

mod answer;
mod body;
mod future;
mod holder;
mod layer;
#[cfg(feature = "tonic")]
mod named;
mod service;
#[cfg(all(test, not(tower_plugin_loom)))]
mod tests;

pub use answer::{Answer, Protocol};
pub use body::ResponseBody;
pub use future::ResponseFuture;
pub use holder::Holder;
pub use layer::PluginLayer;
pub use service::PluginService;
