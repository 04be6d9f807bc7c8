//! What happens to plugins, in order, for whoever wants to know.

#[expect(
    clippy::module_inception,
    reason = "the folder is named for its main part"
)]
mod event;
mod journal;
mod stream;

pub use event::{Event, EventKind};
pub(crate) use journal::Journal;
pub use stream::EventStream;
