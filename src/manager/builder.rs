use std::path::PathBuf;
use std::time::Duration;

use super::PluginManager;
use crate::BuildError;
use crate::lifecycle::Settings;

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
    pub(super) event_capacity: usize,
    pub(super) operation_capacity: usize,
}

impl Default for PluginManagerBuilder {
    fn default() -> Self {
        Self {
            defaults: Settings::default(),
            plugin_dir: None,
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

    /// Directory of the plugins' configs. Where there is a file `<name>.json`, the plugin is
    /// registered with the config in it, and takes it up again at every reload. A config that is
    /// put in force by an update is written there, atomically, so that it survives a restart. A
    /// file that cannot be read fails its plugin's start, refuses its reload, and concerns no
    /// other plugin. Files of plugins with secret fields are readable by their owner only.
    /// Default: none.
    pub fn plugin_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.plugin_dir = Some(dir.into());
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
    pub fn build(self) -> Result<PluginManager, BuildError> {
        if let Some(path) = &self.plugin_dir {
            if let Err(source) = std::fs::read_dir(path) {
                return Err(BuildError::PluginDir {
                    path: path.clone(),
                    source,
                });
            }
        }
        Ok(PluginManager::from_builder(self))
    }
}
