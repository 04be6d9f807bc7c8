//! Noticing edits of the files, and of whatever leads to them.
//!
//! | file | part |
//! | --- | --- |
//! | `changes.rs` | telling what was found, as a store does |
//! | `touched.rs` | what may have changed since it was last looked at |
//! | `places.rs` | the directories that have to be watched, and for which names |
//! | `watches.rs` | those that are |

mod changes;
mod places;
mod touched;
mod watches;

pub(super) use changes::Watched;
