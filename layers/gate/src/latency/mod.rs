//! [`LatencyLayer`]: how long a plugin's requests take, from the call to the end of the body.
//!
//! A layer of its own, so that it costs nothing where it is not used.
//!
//! | file | part |
//! | --- | --- |
//! | `layer.rs`, `service.rs`, `future.rs`, `body.rs` | the middleware |
//! | `timer.rs` | runs from the call until it is dropped |
//! | `histogram.rs` | where the times go |
//! | `latency.rs` | what is read of them |

mod body;
mod future;
mod histogram;
#[expect(
    clippy::module_inception,
    reason = "the folder is named for its main part"
)]
mod latency;
mod layer;
mod service;
mod timer;

pub use body::LatencyBody;
pub use future::LatencyFuture;
pub(crate) use histogram::Histogram;
pub use latency::Latency;
pub use layer::LatencyLayer;
pub use service::LatencyService;
