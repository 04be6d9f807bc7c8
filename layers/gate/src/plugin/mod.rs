//! [`PluginLayer`]: gates an HTTP or gRPC service and counts each request until its response
//! body ends.
//!
//! | file | part |
//! | --- | --- |
//! | `layer.rs` | what a user configures |
//! | `service.rs` | admission, in `call` |
//! | `policy.rs` | the same with a policy for a closed gate |
//! | `plain.rs` | admission of a request like nearly all others |
//! | `admit.rs` | admission of one request, and the lease of an upgrade |
//! | `holder.rs` | the permit of a request, or the lease it shares with an upgrade handler |
//! | `entered.rs` | the same, while the service behind is not ready |
//! | `inside.rs` | a request as its future and its body hold it |
//! | `notes.rs` | what they remember of it |
//! | `kept.rs` | what the rarer requests are inside by |
//! | `future.rs` | the response head, or a rejection in its place |
//! | `state.rs` | the same, under way |
//! | `body.rs` | the response body |
//! | `body_error.rs` | why it ended early |
//! | `frames.rs` | its frames, and its end |
//! | `run.rs` | the service's code, with an eye on panics |
//! | `verdict.rs` | whether a response is a failure |
//! | `answer/` | what a rejection looks like in HTTP and in gRPC |
//! | `named.rs` | the name of a tonic service, with the feature `tonic` |

mod admit;
mod answer;
mod body;
mod body_error;
mod entered;
mod frames;
mod future;
mod holder;
mod inside;
mod kept;
mod layer;
#[cfg(feature = "tonic")]
mod named;
mod notes;
mod plain;
mod policy;
mod run;
mod service;
mod state;
#[cfg(all(test, not(tower_plugin_loom)))]
mod tests;
mod verdict;

pub use admit::is_upgrade;
pub use answer::{Answer, Protocol};
pub(crate) use answer::{Told, tell};
pub use body::ResponseBody;
pub use body_error::ResponseBodyError;
pub(crate) use entered::Entered;
pub use future::ResponseFuture;
pub use holder::Holder;
pub(crate) use kept::KeptForRequests;
pub use layer::PluginLayer;
pub use plain::{Plain, is_plain, is_special};
pub use service::PluginService;
