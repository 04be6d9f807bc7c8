//! [`LingerLayer`]: reads on what a client still uploads when the answer came early.
//!
//! | file | part |
//! | --- | --- |
//! | `layer.rs` | what a user configures |
//! | `service.rs` | parts the upload from its request, and brings both together again |
//! | `upload.rs` | the request body, which outlives its request |
//! | `rest.rs` | what is left of the upload, to be read and thrown away |
//! | `future.rs` | the response head |
//! | `body.rs` | the response body, which waits for the upload |

mod body;
mod future;
mod layer;
mod rest;
mod service;
#[cfg(all(test, not(tower_plugin_loom)))]
mod tests;
mod upload;

pub use body::LingerBody;
pub use future::LingerFuture;
pub use layer::LingerLayer;
pub use service::LingerService;
pub use upload::Upload;

use rest::Rest;
