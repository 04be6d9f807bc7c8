use std::fmt;
use std::time::SystemTime;

use serde_json::Value;

use crate::{ConfigVersion, Outcome};

/// A point in the order of a store's changes.
///
/// It grows with every change of any plugin's current config, whoever makes it, and is good for as
/// long as the store says: those of a [`FileStore`](crate::FileStore) and a
/// [`MemoryStore`](crate::MemoryStore) for the life of that value, those of a shared store for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Revision(u64);

impl Revision {
    /// Before every change. As the revision of a config: that there is none.
    pub const ABSENT: Self = Self(0);

    /// The revision of that number; 0 is [`ABSENT`](Self::ABSENT).
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The current config of a plugin.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct StoredConfig {
    /// When it became the current one: what a [`Put`] expects to find.
    pub revision: Revision,
    /// The version that it is; `None` when somebody changed it beside the manager.
    pub version: Option<ConfigVersion>,
    /// The config itself, secrets and all.
    pub config: Value,
}

impl StoredConfig {
    /// A config that was changed beside the manager, until [`version`](Self::version) says more.
    #[must_use]
    pub fn new(revision: Revision, config: Value) -> Self {
        Self {
            revision,
            version: None,
            config,
        }
    }
}

/// A version of a plugin's config, as the history keeps it.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct StoredVersion {
    /// Its name.
    pub version: ConfigVersion,
    /// When it was put in force. Stores keep whole seconds at least.
    pub time: SystemTime,
    /// Who asked for it.
    pub actor: Option<String>,
    /// Why.
    pub cause: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// The config itself, secrets and all.
    pub config: Value,
}

impl StoredVersion {
    /// A version that is applied now, by nobody in particular.
    #[must_use]
    pub fn new(version: ConfigVersion, config: Value) -> Self {
        Self {
            version,
            time: SystemTime::now(),
            actor: None,
            cause: None,
            outcome: Outcome::Applied,
            config,
        }
    }
}

impl fmt::Debug for StoredConfig {
    /// Without the config, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredConfig")
            .field("revision", &self.revision)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for StoredVersion {
    /// Without the config, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredVersion")
            .field("version", &self.version)
            .field("time", &self.time)
            .field("actor", &self.actor)
            .field("cause", &self.cause)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

/// A version about to be put into a store.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Put {
    /// What is put.
    pub version: StoredVersion,
    /// The current config must be that of this revision, or the put is a
    /// [conflict](crate::StoreError::is_conflict). `None`: whatever it is.
    pub expected: Option<Revision>,
    /// Whether it becomes the current config, too. If not it is added to the history alone: what a
    /// plugin is registered with is no more than the default for where a store has no config.
    pub is_current: bool,
    /// Whether it must be kept from everybody but the owner.
    pub is_secret: bool,
    /// How many versions of the plugin's config are kept, this one among them; at least 1.
    pub history_limit: usize,
}

impl Put {
    /// Puts a version in place of whatever the current config is, and keeps 50.
    #[must_use]
    pub fn new(version: StoredVersion) -> Self {
        Self {
            version,
            expected: None,
            is_current: true,
            is_secret: false,
            history_limit: Self::HISTORY_LIMIT,
        }
    }

    pub(crate) const HISTORY_LIMIT: usize = 50;

    /// Only if the current config is that of `revision`.
    #[must_use]
    pub fn expecting(mut self, revision: Revision) -> Self {
        self.expected = Some(revision);
        self
    }
}
