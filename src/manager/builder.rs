use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::PluginManager;
use crate::config::Put;
use crate::lifecycle::Settings;
use crate::{Backoff, BuildError, ConfigStore, FileStore};

/// Options of a [`PluginManager`]. Plugins may set the timeouts otherwise for themselves.
///
/// ```
/// use std::time::Duration;
/// use tower_plugin::PluginManager;
///
/// # fn main() -> Result<(), tower_plugin::BuildError> {
/// let manager = PluginManager::builder().drain_timeout(Duration::from_secs(5)).build()?;
/// assert_eq!(manager.status().draining.timeout.to_string(), "5s");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until built"]
pub struct PluginManagerBuilder {
    pub(super) defaults: Settings,
    pub(super) plugin_dir: Option<PathBuf>,
    pub(super) store: Option<Arc<dyn ConfigStore>>,
    pub(super) store_timeout: Duration,
    pub(super) store_retry: Backoff,
    pub(super) history_limit: usize,
    pub(super) watches: bool,
    pub(super) event_capacity: usize,
    pub(super) operation_capacity: usize,
}

impl Default for PluginManagerBuilder {
    fn default() -> Self {
        Self {
            defaults: Settings::default(),
            plugin_dir: None,
            store: None,
            store_timeout: Duration::from_secs(10),
            store_retry: Backoff::new().max(Duration::from_secs(60)).max_attempts(20),
            history_limit: Put::HISTORY_LIMIT,
            watches: false,
            event_capacity: 1024,
            operation_capacity: 256,
        }
    }
}

impl PluginManagerBuilder {
    /// How long a drain waits for requests before it cancels them. Default: 60 s. What is cancelled
    /// has up to [`cancel_grace`](Self::cancel_grace) more to leave.
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.defaults.drain_timeout = timeout;
        self
    }

    /// How long cancelled requests are given to leave before they count as remaining. Default: 1 s.
    pub fn cancel_grace(mut self, grace: Duration) -> Self {
        self.defaults.cancel_grace = grace;
        self
    }

    /// How many earlier generations of a plugin may be held by requests that do not leave when they
    /// are cancelled, before it is reloaded no more. Default: 4; at least 1. See
    /// [`Registration::max_leftovers`](crate::Registration::max_leftovers).
    pub fn max_leftovers(mut self, generations: usize) -> Self {
        self.defaults.max_leftovers = generations.max(1);
        self
    }

    /// How long a plugin's `start` may take. Default: 30 s.
    pub fn start_timeout(mut self, timeout: Duration) -> Self {
        self.defaults.start_timeout = timeout;
        self
    }

    /// How long a plugin's `stop` and its background tasks may take, together. Default: 10 s.
    pub fn stop_timeout(mut self, timeout: Duration) -> Self {
        self.defaults.stop_timeout = timeout;
        self
    }

    /// Directory of the plugins' configs, kept as a [`FileStore`] keeps them. Where there is a file
    /// `<name>.json`, the plugin is registered with the config in it, and takes it up again at
    /// every reload. A config that is put in force by an update is written there, so that it
    /// survives a restart. A file that cannot be read concerns no plugin but its own: that starts
    /// with its last good version, and fails where there is none; a reload is refused.
    /// Default: none.
    pub fn plugin_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.plugin_dir = Some(dir.into());
        self
    }

    /// Where configs are kept, instead of in files in the plugin directory. Default: in memory, for
    /// as long as each plugin is registered.
    ///
    /// ```
    /// use tower_plugin::{BuildError, MemoryStore, PluginManager};
    ///
    /// # fn main() -> Result<(), BuildError> {
    /// let store = MemoryStore::new();
    /// let manager = PluginManager::builder().config_store(store.clone()).build()?;
    /// # Ok(()) }
    /// ```
    pub fn config_store(mut self, store: impl ConfigStore) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// How long the store may take for each answer. Default: 10 s.
    pub fn store_timeout(mut self, timeout: Duration) -> Self {
        self.store_timeout = timeout;
        self
    }

    /// When a store is asked again that did not answer: what it has by now, after it told of a
    /// change, or whether it kept a change after all that it did not confirm in time. Whatever it
    /// says then is taken up, so that what serves is what a restart would load. Each attempt is an
    /// operation as any other, and follows the event `plugin.refresh.scheduled`; the next one is
    /// shown as [`PluginInfo::store_retry`](crate::PluginInfo::store_retry). After the last, the
    /// event is `plugin.refresh.given_up`. A config that the store has but that cannot be understood
    /// waits for the next change instead.
    ///
    /// Default: 20 attempts, after pauses of 1 s to a minute.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_plugin::{Backoff, BuildError, PluginManager};
    ///
    /// # fn main() -> Result<(), BuildError> {
    /// let often = Backoff::new().max(Duration::from_secs(5)).max_attempts(100);
    /// let manager = PluginManager::builder().store_retry(often).build()?;
    /// # Ok(()) }
    /// ```
    pub fn store_retry(mut self, backoff: Backoff) -> Self {
        self.store_retry = backoff;
        self
    }

    /// Has each plugin take up its config as soon as it is changed in the store beside the manager,
    /// as when somebody edits its file. One that is broken or refused is told by an event and as
    /// the plugin's `last_error`, and the generation before serves on. Our own changes cause no
    /// reload. A file that is removed changes nothing until the next start.
    ///
    /// Where changes cannot be noticed, or may have been missed, as when the system has no watches
    /// left, that is told by the event `store.watch.failed` and as
    /// [`SystemStatus::store_watch`](crate::SystemStatus::store_watch), and tried again after pauses
    /// of up to a minute; everything is looked at again then.
    ///
    /// Edits of files are noticed with the feature `watch` only: without it, that is told so, too.
    /// Default: configs are read when a
    /// plugin is registered, reloaded or enabled.
    pub fn watch_store(mut self) -> Self {
        self.watches = true;
        self
    }

    /// How many versions of each plugin's config are kept, the one in force among them; the oldest
    /// are dropped. Default: 50; at least 1.
    pub fn history_limit(mut self, versions: usize) -> Self {
        self.history_limit = versions.max(1);
        self
    }

    /// How many events are kept for slow subscribers. Default: 1024.
    pub fn event_capacity(mut self, events: usize) -> Self {
        self.event_capacity = events;
        self
    }

    /// How many operations that are done can still be [looked up](PluginManager::operation), of all
    /// plugins. Those under way always can. Default: 256.
    pub fn operation_capacity(mut self, operations: usize) -> Self {
        self.operation_capacity = operations;
        self
    }

    /// The manager.
    ///
    /// # Errors
    ///
    /// [`BuildError::PluginDir`] when the plugin directory is no directory that can be read.
    pub fn build(mut self) -> Result<PluginManager, BuildError> {
        if let (Some(path), None) = (&self.plugin_dir, &self.store) {
            let store = FileStore::open(path).map_err(|source| BuildError::PluginDir {
                path: path.clone(),
                source,
            })?;
            self.store = Some(Arc::new(store));
        }
        Ok(PluginManager::from_builder(self))
    }
}
