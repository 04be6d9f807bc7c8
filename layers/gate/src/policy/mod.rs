//! What becomes of a request that meets a closed gate.
//!
//! | file | part |
//! | --- | --- |
//! | `on_closed.rs` | [`OnClosed`], and the one place that decides by it |
//! | `call.rs` | a held request: its turn first, then the readiness of its own clone of the service |
//! | `request.rs` | the same for HTTP, told as a response |
//! | `future.rs` | the response head, whichever way the request goes |

mod call;
mod future;
mod on_closed;
mod request;
#[cfg(all(test, not(tower_plugin_loom)))]
mod tests;

pub(crate) use call::{HeldCall, Inside, Turn, fresh};
pub use future::{NeverHeld, PolicyFuture, Resumed};
pub use on_closed::{Closed, OnClosed, Reject};
pub use request::HeldRequest;
