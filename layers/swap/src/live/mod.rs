//! What the two middlewares share: which generation a service clone serves, and how a request
//! gets into it.
//!
//! | file | part |
//! | --- | --- |
//! | `source.rs` | where the service of the current generation comes from |
//! | `state.rs` | the generation a clone last saw, and its own clone of that one's service |
//! | `call.rs` | admission of one request |
//! | `held.rs` | one that waits for the plugin to come back |

mod call;
mod held;
mod source;
mod state;

pub(crate) use call::Called;
pub(crate) use held::LiveFuture;
pub(crate) use source::{Current, Source};
pub(crate) use state::Live;
