//! What concerns several plugins: registering them together, and reloading one after, beside or
//! together with the other.
//!
//! | file | part |
//! | --- | --- |
//! | `register_all.rs` | registering plugins in any order, to be started in that of dependency |
//! | `reload_all.rs` | reloading several, each by itself |
//! | `together.rs` | reloading several, all or none |
//! | `cascade.rs` | an operation, then reloads of all that depends on its plugin |

mod cascade;
mod register_all;
mod reload_all;
mod together;

pub use cascade::Cascade;
pub use register_all::RegisterAll;
pub use reload_all::ReloadAll;
