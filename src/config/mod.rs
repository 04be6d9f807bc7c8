//! Configs: decoding them, masking their secrets, changing them in part, numbering them.

mod decode;
mod merge;
mod secret;
mod version;

pub use decode::ConfigError;
pub(crate) use decode::decode;
pub(crate) use merge::merge_patch;
pub use secret::MASK;
pub(crate) use secret::Secrets;
pub use version::{ConfigVersion, ConfigView, ParseConfigVersionError};
