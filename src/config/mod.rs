//! Configs: decoding them, checking them against their schema, masking their secrets, changing them
//! in part, telling what was changed, numbering and storing them.

mod decode;
mod diff;
mod error;
mod format;
mod merge;
mod pointer;
mod schema;
mod secret;
mod store;
mod version;

pub(crate) use decode::decode;
pub use diff::{ChangeKind, FieldChange};
pub(crate) use diff::{diff, fields};
pub use error::{ConfigError, Violation};
#[cfg(feature = "watch")]
pub(crate) use format::plugin_of;
pub(crate) use format::{Format, alone, parse, path};
pub(crate) use merge::merge_patch;
pub(crate) use schema::Schema;
pub use secret::MASK;
pub(crate) use secret::{SecretTexts, Secrets};
pub(crate) use store::Store;
pub use store::{
    ConfigChanges, ConfigStore, FileStore, MemoryStore, PreparedPut, Put, Revision, StoreChange,
    StoreError, StoreFuture, StoredConfig, StoredVersion,
};
pub(crate) use version::number;
pub use version::{ConfigVersion, ConfigView, ParseConfigVersionError};
