use std::time::SystemTime;

use serde_json::Value;

use super::registry::Entry;
use super::{OperationBuilder, PluginManager};
use crate::config::{StoredVersion, diff};
use crate::lifecycle::{Published, Request};
use crate::report::{ConfigDiff, ConfigHistory, VersionInfo};
use crate::{ConfigVersion, ConfigView, OperationError, OperationErrorKind};

/// The versions of a config: the store is asked for them, for as long as its
/// [timeout](super::PluginManagerBuilder::store_timeout) allows; no plugin is waited for. What is
/// shown has its secrets masked.
impl PluginManager {
    /// The versions of the plugin's config that were applied and are kept, newest first.
    ///
    /// ```
    /// use serde_json::json;
    /// use tower_plugin::{BoxError, PluginManager, plugin_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
    /// let manager = PluginManager::new();
    /// let start = |limits: std::collections::BTreeMap<String, u32>| async move { Ok::<_, BoxError>(limits) };
    /// manager.register("limits", plugin_fn(start)).config(json!({"geo": 50})).await?;
    /// manager.update_config("limits", json!({"geo": 80})).actor("ops").cause("holidays").await?;
    ///
    /// let history = manager.history("limits").await?;
    /// assert_eq!(history.versions[0].actor.as_deref(), Some("ops"));
    ///
    /// let changes = manager.diff("limits", 1, 2).await?.changes;
    /// assert_eq!((changes[0].pointer.as_str(), &changes[0].after), ("/geo", &Some(json!(80))));
    ///
    /// let report = manager.rollback("limits", 1).await?;
    /// assert_eq!(report.version, 3);
    /// assert_eq!(manager.config("limits")?.config, json!({"geo": 50}));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// An [`OperationError`] when there is no such plugin, or the history
    /// [cannot be read](OperationErrorKind::HistoryUnreadable). A version that is broken is left out
    /// and logged: it spoils no other.
    pub async fn history(&self, name: &str) -> Result<ConfigHistory, OperationError> {
        let entry = self.entry(name)?;
        let kept = entry.store.history(name).await;
        let kept = kept.map_err(|error| unreadable(name, error))?;
        let current = entry.published.read(|snapshot| snapshot.config_version);
        let info = |kept: StoredVersion| VersionInfo {
            version: kept.version,
            time: kept.time,
            actor: kept.actor,
            cause: kept.cause,
            outcome: kept.outcome,
            is_current: kept.version == current,
        };
        let versions: Vec<_> = kept.into_iter().map(info).collect();
        Ok(ConfigHistory {
            plugin: name.to_owned(),
            total_count: versions.len(),
            versions,
        })
    }

    /// The plugin's config at a version, by its number.
    ///
    /// # Errors
    ///
    /// Those of [`history`](Self::history), and
    /// [`VersionNotFound`](OperationErrorKind::VersionNotFound).
    pub async fn config_at(&self, name: &str, version: u64) -> Result<ConfigView, OperationError> {
        let entry = self.entry(name)?;
        let kept = kept(&entry, version).await?;
        let published = &entry.published;
        let shown = published.schema.secrets().mask(&kept.config);
        Ok(view(published, shown, kept.version, kept.time))
    }

    /// What is different in version `to` of the plugin's config from version `from`.
    ///
    /// # Errors
    ///
    /// Those of [`config_at`](Self::config_at).
    pub async fn diff(&self, name: &str, from: u64, to: u64) -> Result<ConfigDiff, OperationError> {
        let entry = self.entry(name)?;
        let config = async |version| -> Result<Value, OperationError> {
            Ok(kept(&entry, version).await?.config)
        };
        let (before, after) = (config(from).await?, config(to).await?);
        Ok(ConfigDiff {
            plugin: name.to_owned(),
            from,
            to,
            changes: diff(&before, &after, entry.published.schema.secrets()),
        })
    }

    /// Puts the config of an earlier version in force again, secrets and all, as a new version.
    ///
    /// # Errors
    ///
    /// Those of [`update_config`](Self::update_config), and
    /// [`VersionNotFound`](OperationErrorKind::VersionNotFound) for a version that was never there,
    /// or is not kept any more.
    pub fn rollback(&self, name: &str, version: u64) -> OperationBuilder {
        OperationBuilder::new(self, name, Request::Rollback(version))
    }
}

/// A config whose secrets are masked, with what its schema adds to it.
pub(super) fn view(
    published: &Published,
    config: Value,
    version: ConfigVersion,
    since: SystemTime,
) -> ConfigView {
    let schema = &published.schema;
    // A config that it cannot be told of does not start.
    let effective = schema.effective(&config).ok();
    let effective = effective.map(|effective| schema.secrets().mask(&effective));
    ConfigView {
        plugin: published.name.to_string(),
        effective: effective.unwrap_or_else(|| config.clone()),
        config,
        version,
        since,
    }
}

async fn kept(entry: &Entry, version: u64) -> Result<StoredVersion, OperationError> {
    let name = &*entry.published.name;
    let kept = entry.store.version(name, version).await;
    let kept = kept.map_err(|error| unreadable(name, error))?;
    kept.ok_or_else(|| OperationError::new(name, OperationErrorKind::VersionNotFound { version }))
}

fn unreadable(name: &str, error: crate::StoreError) -> OperationError {
    OperationError::new(name, OperationErrorKind::HistoryUnreadable(error))
}
