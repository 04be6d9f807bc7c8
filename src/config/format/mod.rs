//! How configs are written down in files.
//!
//! | file | part |
//! | --- | --- |
//! | `format.rs` | which formats there are, and which a file is in |
//! | `json.rs` | JSON: what is sent, and what is stored where nothing else is |
//! | `toml.rs` | TOML, with the feature `toml` |
//! | `yaml.rs` | YAML, with the feature `yaml` |

#[expect(
    clippy::module_inception,
    reason = "the folder is named for its main part"
)]
mod format;
mod json;
#[cfg(feature = "toml")]
mod toml;
#[cfg(feature = "yaml")]
mod yaml;

#[cfg(feature = "watch")]
pub(crate) use format::plugin_of;
pub(crate) use format::{Format, alone, path};
pub(crate) use json::parse;
