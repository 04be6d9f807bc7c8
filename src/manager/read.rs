use std::sync::Arc;
use std::time::SystemTime;

use serde_json::Value;
use tower_plugin_gate::PluginState;

use super::PluginManager;
use super::history::view;
use crate::lifecycle::{Published, Snapshot};
use crate::report::{
    Draining, HealthReport, HealthSummary, PluginInfo, PluginList, PluginSystem, RequestsReport,
    SystemStatus, UnloadedPlugin,
};
use crate::{
    ConfigView, GoDuration, GroupInfo, OperationError, OperationErrorKind, OperationId,
    OperationInfo,
};

/// Reading: none of it waits for a plugin.
impl PluginManager {
    /// The state of the plugin system as a whole.
    #[must_use]
    pub fn status(&self) -> SystemStatus {
        let plugins = self.inner.plugins.published();
        let (mut states, mut active, mut requests, mut healthy) = (Vec::new(), 0, 0, 0);
        let mut leftovers = 0;
        states.reserve(plugins.len());
        for published in &plugins {
            published.read(|snapshot| {
                states.push((published.name.to_string(), snapshot.state));
                active += usize::from(snapshot.state == PluginState::Active);
                requests += snapshot.in_flight();
                leftovers += snapshot.leftover_count();
                healthy += usize::from(snapshot.is_healthy());
            });
        }
        for unloaded in self.inner.plugins.unloaded() {
            unloaded.read(|snapshot| {
                requests += snapshot.in_flight();
                leftovers += snapshot.leftover_count();
            });
        }
        SystemStatus {
            plugin_system: PluginSystem {
                enabled: !self.inner.plugins.is_closed(),
                total_plugins: plugins.len(),
                active_plugins: active,
                plugin_dir: self.inner.plugin_dir.clone(),
                active_requests: requests,
                leftovers,
                plugin_states: states.into_iter().collect(),
            },
            health_status: HealthSummary::new(healthy, plugins.len()),
            uptime: GoDuration(self.inner.started.elapsed()).whole_seconds(),
            timestamp: SystemTime::now(),
            draining: Draining {
                timeout: GoDuration(self.inner.defaults.drain_timeout),
            },
            store_watch: self.inner.store_watch().clone(),
        }
    }

    /// Every plugin, sorted by name.
    #[must_use]
    pub fn list(&self) -> PluginList {
        let plugins = self.inner.plugins.published();
        let plugins: Vec<_> = plugins.iter().map(|published| published.info()).collect();
        PluginList {
            total_count: plugins.len(),
            plugins,
            unloaded: self.unloaded(),
            timestamp: SystemTime::now(),
        }
    }

    fn unloaded(&self) -> Vec<UnloadedPlugin> {
        let unloaded = self.inner.plugins.unloaded().into_iter();
        let shown = unloaded.map(|published| UnloadedPlugin {
            name: published.name.to_string(),
            leftovers: published.read(Snapshot::leftovers),
        });
        shown
            .filter(|unloaded| !unloaded.leftovers.is_empty())
            .collect()
    }

    /// One plugin, as it is in the list.
    ///
    /// # Errors
    ///
    /// An [`OperationError`] when there is no such plugin.
    pub fn info(&self, name: &str) -> Result<PluginInfo, OperationError> {
        Ok(self.entry(name)?.published.info())
    }

    /// The plugin's config, secrets masked.
    ///
    /// # Errors
    ///
    /// An [`OperationError`] when there is no such plugin.
    pub fn config(&self, name: &str) -> Result<ConfigView, OperationError> {
        let published = self.entry(name)?.published;
        let (config, version, since) = published.read(|snapshot| {
            let config = snapshot.config.clone();
            (config, snapshot.config_version, snapshot.config_since)
        });
        Ok(view(&published, config, version, since))
    }

    /// The JSON Schema of the plugin's config, if it publishes one.
    ///
    /// # Errors
    ///
    /// An [`OperationError`] when there is no such plugin.
    pub fn config_schema(&self, name: &str) -> Result<Option<Value>, OperationError> {
        Ok(self.entry(name)?.published.schema.published().cloned())
    }

    /// Which config of a plugin is in force, for less than the config itself.
    #[cfg(feature = "admin")]
    pub(crate) fn config_version(
        &self,
        name: &str,
    ) -> Result<crate::ConfigVersion, OperationError> {
        let entry = self.entry(name)?;
        let published = &entry.published;
        Ok(published.read(|snapshot| snapshot.config_version))
    }

    /// Every operation under way, and the last that are done, the newest first.
    #[must_use]
    pub fn operations(&self) -> Vec<OperationInfo> {
        self.inner.operations.infos()
    }

    /// One operation; `None` for an id that names none, or one that was done too long ago.
    #[must_use]
    pub fn operation(&self, id: OperationId) -> Option<OperationInfo> {
        let record = self.inner.operations.find(id)?;
        Some(record.info())
    }

    /// Every operation on several plugins under way, and the last that are done, the newest first.
    #[must_use]
    pub fn groups(&self) -> Vec<GroupInfo> {
        self.inner.operations.group_infos()
    }

    /// One operation on several plugins; `None` for an id that names none, or one that was done too
    /// long ago. As many are remembered as of
    /// [other operations](crate::PluginManagerBuilder::operation_capacity).
    #[must_use]
    pub fn group(&self, id: OperationId) -> Option<GroupInfo> {
        let group = self.inner.operations.find_group(id)?;
        Some(group.info())
    }

    /// Who is inside a plugin: the oldest `limit`, and how many there are in which phase. Without
    /// [`track_requests`](crate::Registration::track_requests), only how many. Those that hold
    /// [leftovers](crate::PluginInfo::leftovers) are among them, also of a plugin that is unloaded,
    /// until the last of them goes.
    ///
    /// # Errors
    ///
    /// An [`OperationError`] when there is no such plugin.
    pub fn requests(&self, name: &str, limit: usize) -> Result<RequestsReport, OperationError> {
        let held = self.inner.plugins.held(name);
        let held = held.ok_or_else(|| OperationError::new(name, OperationErrorKind::NotFound))?;
        Ok(held.requests(limit))
    }

    /// Health of every plugin, as its last check found it.
    #[must_use]
    pub fn health(&self) -> HealthReport {
        let plugins = self.inner.plugins.published();
        let mut healthy = 0;
        let health = |published: &Arc<Published>| {
            published.read(|snapshot| {
                healthy += usize::from(snapshot.is_healthy());
                (published.name.to_string(), snapshot.health())
            })
        };
        let shown = plugins.iter().map(health).collect();
        HealthReport {
            overall_status: HealthSummary::new(healthy, plugins.len()).overall_status,
            timestamp: SystemTime::now(),
            plugins: shown,
        }
    }

    /// Whether the server should be given traffic: not once it is about to shut down, nor while a plugin
    /// that was registered as [required](crate::Registration::required) does not serve.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.inner.plugins.is_leaving() && self.not_serving().is_empty()
    }

    /// Names of the required plugins that do not serve.
    #[must_use]
    pub fn not_serving(&self) -> Vec<String> {
        let plugins = self.inner.plugins.published();
        let waited_for = plugins.iter().filter(|published| {
            published.required && !published.read(|snapshot| snapshot.is_serving)
        });
        waited_for
            .map(|published| published.name.to_string())
            .collect()
    }
}
