//! Tasks that wait for something that happens once.
//!
//! | file | part |
//! | --- | --- |
//! | `waiters.rs` | their list |
//! | `wait.rs` | one task's place in it, as the task holds it |
//! | `key.rs` | the place's name |

mod key;
#[cfg(all(test, not(tower_plugin_loom)))]
mod tests;
#[expect(
    clippy::module_inception,
    reason = "the folder is named for its main part"
)]
mod wait;
mod waiters;

pub(crate) use key::Key;
pub(crate) use wait::Wait;
pub(crate) use waiters::Waiters;
