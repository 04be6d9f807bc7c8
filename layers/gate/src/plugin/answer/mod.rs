//! What a layer answers in place of the service.
//!
//! | file | part |
//! | --- | --- |
//! | `form.rs` | what a layer is configured to answer |
//! | `rejection.rs` | the answer to a request that was not admitted |
//! | `told.rs` | what it says |
//! | `other.rs` | the rarer ones: cancelled, panicked, no such plugin |
//! | `headers.rs` | the headers of HTTP and gRPC |
//! | `json.rs` | the body |

mod form;
mod headers;
mod json;
mod other;
mod rejection;
mod told;

pub use form::{Answer, Protocol};
pub(super) use headers::{INTERNAL, UNAVAILABLE, grpc_status};
pub(crate) use rejection::tell;
pub(crate) use told::Told;
