use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::registry::{Entry, Plugins};
use super::{OperationBuilder, PluginManagerBuilder, RegisterAll, Registration, ReloadAll};
use crate::event::Journal;
use crate::lifecycle::{ConfigChange, Request, Settings};
use crate::operation::OperationLog;
use crate::report::StoreWatch;
use crate::{Backoff, ConfigStore, EventStream, OperationError, OperationErrorKind, Plugin};

/// Registers plugins and reloads, reconfigures, enables, disables and unloads each of them while
/// the others serve on.
///
/// It is a cheap handle: clone it. Each plugin has a task of its own that carries out one
/// operation at a time, to its end even if the caller goes away: [`transition`](crate::transition)
/// shows what each does. Reading never waits for any of
/// them. All methods but the reading ones must be called within a tokio runtime with its time
/// driver enabled.
///
/// When the last handle is dropped without [`shutdown`](Self::shutdown), the plugins serve on as
/// they are.
///
/// ```
/// use serde_json::json;
/// use tower_plugin::{BoxError, Outcome, PluginManager, PluginState, plugin_fn};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
/// let manager = PluginManager::new();
/// let limit = manager
///     .register("limit", plugin_fn(|config: std::collections::BTreeMap<String, u32>| async move {
///         config.get("per_second").copied().ok_or("say `per_second`")
///     }))
///     .config(json!({"per_second": 50}))
///     .await?;
///
/// let report = manager.update_config("limit", json!({"per_second": 80})).await?;
/// assert_eq!((report.outcome, report.generation), (Outcome::Applied, 2));
/// assert_eq!(*limit.enter()?.instance(), 80);
///
/// // A config that does not start does no harm.
/// let error = manager.update_config("limit", json!({"per_hour": 7})).await.unwrap_err();
/// assert_eq!(error.report().map(|report| report.outcome), Some(Outcome::RolledBack));
/// assert_eq!(*limit.enter()?.instance(), 80);
///
/// manager.disable("limit").await?;
/// assert_eq!(limit.state(), PluginState::Disabled);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct PluginManager {
    pub(super) inner: Arc<Inner>,
}

pub(in crate::manager) struct Inner {
    pub(super) plugins: Arc<Plugins>,
    pub(super) journal: Arc<Journal>,
    pub(super) operations: Arc<OperationLog>,
    pub(super) defaults: Settings,
    pub(super) plugin_dir: Option<PathBuf>,
    pub(super) store: Option<Arc<dyn ConfigStore>>,
    pub(super) store_timeout: Duration,
    pub(super) store_retry: Arc<Backoff>,
    pub(super) history_limit: usize,
    /// Whether changes in the store are taken up, and until when.
    watches: bool,
    watching: OnceLock<DropGuard>,
    /// How that goes.
    store_watch: Mutex<Option<StoreWatch>>,
    /// Cancelled when the shutdown's time is up.
    pub(super) out_of_time: CancellationToken,
    pub(super) started: Instant,
    /// Part of every config version, so that one from before a restart, or of an earlier plugin
    /// of the same name, matches nothing. Counts up with every registration.
    run: AtomicU32,
}

impl Inner {
    pub(super) fn next_run(&self) -> u32 {
        // Relaxed: only that it differs each time matters.
        self.run.fetch_add(1, Ordering::Relaxed)
    }

    /// How changes in the store are noticed, once they are.
    pub(super) fn store_watch(&self) -> MutexGuard<'_, Option<StoreWatch>> {
        // Whole after every step, so a panic elsewhere spoils nothing.
        let shown = self.store_watch.lock();
        shown.unwrap_or_else(PoisonError::into_inner)
    }
}

impl PluginManager {
    /// Takes up changes in the store from now on, where that was asked for.
    pub(super) fn watch_store(&self) {
        if let (true, Some(store)) = (self.inner.watches, &self.inner.store) {
            let watch = || super::watch::watch(store, Arc::downgrade(&self.inner));
            self.inner.watching.get_or_init(watch);
        }
    }
}

impl Default for PluginManager {
    fn default() -> Self {
        Self::new()
    }
}

impl PluginManager {
    /// A manager with the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::from_builder(PluginManagerBuilder::default())
    }

    /// A manager with options.
    pub fn builder() -> PluginManagerBuilder {
        PluginManagerBuilder::default()
    }

    pub(super) fn from_builder(builder: PluginManagerBuilder) -> Self {
        let PluginManagerBuilder {
            defaults,
            plugin_dir,
            store,
            store_timeout,
            store_retry,
            history_limit,
            watches,
            event_capacity,
            operation_capacity,
        } = builder;
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        // The low bits differ between any two starts less than months apart.
        let run = (since.as_millis() & u128::from(u32::MAX)) as u32;
        let inner = Inner {
            plugins: Arc::default(),
            journal: Journal::new(event_capacity),
            operations: Arc::new(OperationLog::new(run, operation_capacity)),
            defaults,
            plugin_dir,
            store,
            store_timeout,
            store_retry: Arc::new(store_retry),
            history_limit,
            watches,
            watching: OnceLock::new(),
            store_watch: Mutex::default(),
            out_of_time: CancellationToken::new(),
            started: Instant::now(),
            run: AtomicU32::new(run),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Registers a plugin under `name`; `.await` the result, with or without options before.
    pub fn register<P: Plugin>(&self, name: impl Into<String>, plugin: P) -> Registration<P> {
        Registration::new(self.clone(), name.into(), plugin)
    }

    /// Registers several plugins, all or none, in the order of their dependencies; see
    /// [`RegisterAll`].
    pub fn register_all(&self) -> RegisterAll {
        RegisterAll::new(self.clone())
    }

    /// Reloads every plugin, or those named, each by itself or all or none; see [`ReloadAll`].
    ///
    /// # Errors
    ///
    /// Awaited, an [`OperationError`] when all of it was refused, so that nothing was touched: a
    /// plugin that is not there; and, for all or none, one that is in another operation or that
    /// cannot have two generations at a time
    /// ([`NotReplaceable`](OperationErrorKind::NotReplaceable)). What happened otherwise is in the
    /// report.
    pub fn reload_all(&self) -> ReloadAll {
        ReloadAll::new(self.clone())
    }

    /// Exchanges the plugin's generation for one with the same config, or with what the store has
    /// by now, as after an edit of its file in the plugin directory. A disabled plugin stays
    /// disabled, and what the store has is kept for when it is enabled.
    ///
    /// A request of the plugin itself must not wait for this: it would wait for its own end, until
    /// the drain's deadline.
    ///
    /// # Errors
    ///
    /// Awaited, an [`OperationError`] when there is no such plugin, when it is in another
    /// operation, or when the reload failed; its report then says whether what was before serves.
    pub fn reload(&self, name: &str) -> OperationBuilder {
        OperationBuilder::new(self, name, Request::Reload)
    }

    /// Puts a whole new config in force, by exchanging the generation. A secret sent back masked
    /// stays what it is; a config equal to the current one changes nothing.
    ///
    /// # Errors
    ///
    /// Those of [`reload`](Self::reload), and a
    /// [`ConfigRejected`](OperationErrorKind::ConfigRejected) for a config that the plugin's type
    /// refuses, before anything is touched.
    pub fn update_config(&self, name: &str, config: Value) -> OperationBuilder {
        let change = ConfigChange::Replace(config);
        OperationBuilder::new(self, name, Request::UpdateConfig(change))
    }

    /// Changes the config in part, by a merge patch (RFC 7396): `null` removes a member.
    ///
    /// # Errors
    ///
    /// Those of [`update_config`](Self::update_config).
    pub fn patch_config(&self, name: &str, patch: Value) -> OperationBuilder {
        let change = ConfigChange::Merge(patch);
        OperationBuilder::new(self, name, Request::UpdateConfig(change))
    }

    /// Starts a plugin that is disabled or failed.
    ///
    /// # Errors
    ///
    /// Those of [`reload`](Self::reload).
    pub fn enable(&self, name: &str) -> OperationBuilder {
        OperationBuilder::new(self, name, Request::Enable)
    }

    /// Drains and stops a plugin until it is enabled. Its requests are rejected meanwhile; plugins
    /// that depend on it go on, with whatever of it they hold. It is registered anew, and so enabled, when the server starts again.
    ///
    /// # Errors
    ///
    /// Those of [`reload`](Self::reload).
    pub fn disable(&self, name: &str) -> OperationBuilder {
        OperationBuilder::new(self, name, Request::Disable)
    }

    /// Drains, stops and forgets a plugin. Layers that were given its handle reject from then on,
    /// even when another plugin is registered under its name.
    ///
    /// # Errors
    ///
    /// Those of [`reload`](Self::reload), and a [`RequiredBy`](OperationErrorKind::RequiredBy)
    /// while another plugin depends on it.
    pub fn unload(&self, name: &str) -> OperationBuilder {
        OperationBuilder::new(self, name, Request::Unload)
    }

    /// Events from now on.
    #[must_use]
    pub fn subscribe(&self) -> EventStream {
        self.inner.journal.subscribe(None)
    }

    /// Events after the one with the given revision, as far back as they are kept; 0 for all. Where
    /// some of them are gone, or there is no event of that revision yet, the first one
    /// [says so](crate::EventKind::StreamReset).
    #[must_use]
    pub fn subscribe_after(&self, revision: u64) -> EventStream {
        self.inner.journal.subscribe(Some(revision))
    }

    pub(super) fn entry(&self, name: &str) -> Result<Entry, OperationError> {
        let entry = self.inner.plugins.get(name);
        entry.ok_or_else(|| OperationError::new(name, OperationErrorKind::NotFound))
    }
}

impl fmt::Debug for PluginManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginManager")
            .field("plugins", &self.inner.plugins.published().len())
            .finish_non_exhaustive()
    }
}
