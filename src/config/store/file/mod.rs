//! Configs as files that an operator can read, edit, compare and back up.
//!
//! | file | part |
//! | --- | --- |
//! | `store.rs` | [`FileStore`]: which file is what |
//! | `current.rs` | `<name>.json`, the current config, and nothing else in it |
//! | `history.rs` | `.history/<name>/<version>.json`, the versions that were applied |
//! | `put.rs` | both at once, or neither |
//! | `made.rs` | what was put, to be undone if nobody waits for it any more |
//! | `watch/` | noticing edits, with the feature `watch` |
//! | `unwatched.rs` | saying that they are not noticed, without it |
//! | `disk.rs` | reading with a limit, writing so that it lasts, who is still at work on a file |

mod current;
mod disk;
mod history;
#[cfg(test)]
mod late;
mod made;
mod put;
mod store;
#[cfg(not(feature = "watch"))]
mod unwatched;
#[cfg(feature = "watch")]
mod watch;

pub use store::FileStore;
