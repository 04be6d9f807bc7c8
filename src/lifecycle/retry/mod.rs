//! What a plugin's task does again without anybody asking.
//!
//! | file | part |
//! | --- | --- |
//! | `backoff.rs` | [`Backoff`], when |
//! | `retry.rs` | starting a plugin again that has failed |
//! | `reread.rs` | asking a store again that did not answer |
//! | `own.rs` | having the turn for that, as everybody must |

mod backoff;
mod own;
mod reread;
#[expect(
    clippy::module_inception,
    reason = "the folder is named for its main part"
)]
mod retry;

pub use backoff::Backoff;
pub(crate) use own::Own;
pub(super) use reread::Reread;
pub(super) use retry::Retry;
