//! Where configs are kept: the current one of each plugin, and the versions before it.
//!
//! | file | part |
//! | --- | --- |
//! | `store.rs` | [`ConfigStore`], what a store must do |
//! | `record.rs` | what is put into a store, and what comes out of it |
//! | `change.rs` | being told of changes that others make |
//! | `error.rs` | why a store did not do it |
//! | `memory.rs` | [`MemoryStore`] |
//! | `file/` | [`FileStore`] |
//! | `bounded.rs` | the bounds that the manager runs any store in |

mod bounded;
mod change;
mod error;
mod file;
mod memory;
mod record;
#[expect(
    clippy::module_inception,
    reason = "the folder is named for its main part"
)]
mod store;

pub(crate) use bounded::Store;
pub use change::{ConfigChanges, StoreChange};
pub use error::StoreError;
pub use file::FileStore;
pub use memory::MemoryStore;
pub use record::{Put, Revision, StoredConfig, StoredVersion};
pub use store::{ConfigStore, PreparedPut, StoreFuture};
