//! Configs: decoding them, masking their secrets, changing them in part, telling what was changed,
//! numbering and storing them.

mod decode;
mod diff;
mod json;
mod merge;
mod pointer;
mod secret;
mod store;
mod version;

pub use decode::ConfigError;
pub(crate) use decode::decode;
pub use diff::{ChangeKind, FieldChange};
pub(crate) use diff::{diff, fields};
pub(crate) use json::parse;
pub(crate) use merge::merge_patch;
pub use secret::MASK;
pub(crate) use secret::{SecretTexts, Secrets};
pub(crate) use store::Store;
pub use store::{
    ConfigChanges, ConfigStore, FileStore, MemoryStore, PreparedPut, Put, Revision, StoreChange,
    StoreError, StoreFuture, StoredConfig, StoredVersion,
};
pub use version::{ConfigVersion, ConfigView, ParseConfigVersionError};
