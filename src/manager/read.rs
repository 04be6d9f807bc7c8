use std::sync::Arc;
use std::time::SystemTime;

use tower_plugin_gate::PluginState;

use super::PluginManager;
use crate::lifecycle::{Published, Snapshot};
use crate::report::{
    Draining, HealthReport, HealthSummary, PluginInfo, PluginList, PluginSystem, RequestsReport,
    SystemStatus,
};
use crate::{GoDuration, OperationError, OperationId, OperationInfo};

/// Reading: none of it waits for a plugin.
impl PluginManager {
    /// The state of the plugin system as a whole.
    #[must_use]
    pub fn status(&self) -> SystemStatus {
        let plugins = self.snapshots();
        let active = |(_, snapshot): &&(_, Snapshot)| snapshot.state == PluginState::Active;
        let state = |(published, snapshot): &(Arc<Published>, Snapshot)| {
            (published.name.to_string(), snapshot.state)
        };
        SystemStatus {
            plugin_system: PluginSystem {
                enabled: !self.inner.plugins.is_closed(),
                total_plugins: plugins.len(),
                active_plugins: plugins.iter().filter(active).count(),
                plugin_dir: self.inner.plugin_dir.clone(),
                active_requests: plugins
                    .iter()
                    .map(|(_, snapshot)| snapshot.in_flight())
                    .sum(),
                plugin_states: plugins.iter().map(state).collect(),
            },
            health_status: summary(&plugins),
            uptime: GoDuration(self.inner.started.elapsed()).whole_seconds(),
            timestamp: SystemTime::now(),
            draining: Draining {
                timeout: GoDuration(self.inner.defaults.drain_timeout),
            },
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
            timestamp: SystemTime::now(),
        }
    }

    /// One plugin, as it is in the list.
    ///
    /// # Errors
    ///
    /// An [`OperationError`] when there is no such plugin.
    pub fn info(&self, name: &str) -> Result<PluginInfo, OperationError> {
        Ok(self.entry(name)?.published.info())
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

    /// Who is inside a plugin: the oldest `limit`, and how many there are in which phase. Without
    /// [`track_requests`](crate::Registration::track_requests), only how many.
    ///
    /// # Errors
    ///
    /// An [`OperationError`] when there is no such plugin.
    pub fn requests(&self, name: &str, limit: usize) -> Result<RequestsReport, OperationError> {
        Ok(self.entry(name)?.published.requests(limit))
    }

    /// Health of every plugin, as its last check found it.
    #[must_use]
    pub fn health(&self) -> HealthReport {
        let plugins = self.snapshots();
        HealthReport {
            overall_status: summary(&plugins).overall_status,
            timestamp: SystemTime::now(),
            plugins: plugins
                .into_iter()
                .map(|(published, snapshot)| (published.name.to_string(), snapshot.health()))
                .collect(),
        }
    }

    /// Whether the server should be given traffic: not while it shuts down, nor while a plugin
    /// that was registered as [required](crate::Registration::required) does not serve.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.inner.plugins.is_closed() && self.not_serving().is_empty()
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

    fn snapshots(&self) -> Vec<(Arc<Published>, Snapshot)> {
        let plugins = self.inner.plugins.published();
        let snapshot = |published: Arc<Published>| {
            let snapshot = published.snapshot();
            (published, snapshot)
        };
        plugins.into_iter().map(snapshot).collect()
    }
}

fn summary(plugins: &[(Arc<Published>, Snapshot)]) -> HealthSummary {
    let healthy = plugins
        .iter()
        .filter(|(_, snapshot)| snapshot.is_healthy())
        .count();
    HealthSummary::new(healthy, plugins.len())
}
