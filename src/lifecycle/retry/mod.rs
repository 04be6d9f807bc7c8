//! Starting a plugin again that has failed, without anybody asking.

mod backoff;
#[expect(
    clippy::module_inception,
    reason = "the folder is named for its main part"
)]
mod retry;

pub use backoff::Backoff;
pub(super) use retry::Retry;
