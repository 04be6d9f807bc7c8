//! How an admin service comes about.
//!
//! | file | part |
//! | --- | --- |
//! | `builder.rs` | its options |
//! | `access.rs` | who may use it, which has to be said |

mod access;
#[expect(
    clippy::module_inception,
    reason = "the folder is named for its main part"
)]
mod builder;

pub use access::{BearerTokens, InsecureLoopback, Undecided};
pub use builder::AdminServiceBuilder;
pub(super) use builder::Options;
