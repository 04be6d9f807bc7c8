use std::time::SystemTime;

use serde::Serialize;

use super::Outcome;
use crate::config::number;
use crate::time::unix_seconds;
use crate::{ConfigVersion, FieldChange};

/// The versions of a plugin's config that are kept.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ConfigHistory {
    /// Name of the plugin.
    pub plugin: String,
    /// Newest first.
    pub versions: Vec<VersionInfo>,
    /// How many.
    pub total_count: usize,
}

/// One version of a plugin's config, without the config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct VersionInfo {
    /// Its number on the wire.
    #[serde(serialize_with = "number")]
    pub version: ConfigVersion,
    /// When it was applied, in seconds since 1970 on the wire.
    #[serde(serialize_with = "unix_seconds")]
    pub time: SystemTime,
    /// Who asked for it, if they have a name; `file` when somebody edited what is stored. Over HTTP
    /// it is the name of their token, or whom the server's program says they are.
    pub actor: Option<String>,
    /// Why; `change_cause` on the wire.
    #[serde(rename = "change_cause")]
    pub cause: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// Whether it is in force.
    #[serde(rename = "current")]
    pub is_current: bool,
}

/// What is different between two versions of a plugin's config, secrets masked.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ConfigDiff {
    /// Name of the plugin.
    pub plugin: String,
    /// Number of the version that was before.
    pub from: u64,
    /// Number of the version that came after.
    pub to: u64,
    /// Each field that differs.
    pub changes: Vec<FieldChange>,
}
