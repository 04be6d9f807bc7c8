use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tower_plugin_gate::{PluginState, Slot};

use super::manager::Inner;
use super::operation::Asked;
use super::registry::{Entry, Registry};
use super::{PluginHandle, PluginManager};
use crate::config::{MemoryStore, Revision, Schema, Store};
use crate::lifecycle::{
    Backoff, HealthRecord, Lifecycle, Published, ReloadStrategy, Request, Settings, Snapshot,
};
use crate::plugin::is_name;
use crate::{ConfigVersion, EventKind, Health, Plugin, RegisterError};

/// A plugin about to be registered, with its options: `.await` it.
///
/// What comes of it is a [`PluginHandle`], also when the plugin's start fails: then the handle is
/// in state failed and its layers reject, while the rest of the server runs. The options default
/// to those of the manager.
///
/// ```
/// use std::time::Duration;
/// use serde_json::json;
/// use tower_plugin::{BoxError, PluginManager, PluginState, ReloadStrategy, plugin_fn};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
/// let manager = PluginManager::new();
/// let geo = manager
///     .register("geo", plugin_fn(|()| async { Err::<(), _>("no database") }))
///     .strategy(ReloadStrategy::Replace)
///     .drain_timeout(Duration::from_secs(10))
///     .await?;
/// assert_eq!(geo.state(), PluginState::Failed);
/// assert_eq!(geo.last_error().as_deref(), Some("start failed: no database"));
/// # Ok(()) }
/// ```
#[must_use = "nothing is registered until this is awaited"]
pub struct Registration<P> {
    manager: PluginManager,
    name: String,
    plugin: P,
    config: Value,
    depends_on: Vec<String>,
    pub(super) settings: Settings,
}

impl<P: Plugin> Registration<P> {
    pub(super) fn new(manager: PluginManager, name: String, plugin: P) -> Self {
        let settings = manager.inner.defaults.clone();
        Self {
            manager,
            name,
            plugin,
            config: Value::Object(Map::new()),
            depends_on: Vec::new(),
            settings,
        }
    }

    pub(super) fn is_of(&self, manager: &PluginManager) -> bool {
        Arc::ptr_eq(&self.manager.inner, &manager.inner)
    }

    /// The plugin's config, unless the manager's store has one. Default: `{}`.
    pub fn config(mut self, config: impl Into<Value>) -> Self {
        self.config = config.into();
        self
    }

    /// How generations are exchanged. Default: [`ReloadStrategy::Recreate`].
    pub fn strategy(mut self, strategy: ReloadStrategy) -> Self {
        self.settings.strategy = strategy;
        self
    }

    /// Plugins that must be registered, and started if they can be, before this one, and are shut
    /// down after it; besides those that the plugin [says](Plugin::dependencies) by itself. They
    /// may be registered [together](PluginManager::register_all) with it.
    ///
    /// Where a dependency fails to start, is disabled or is reloaded, this one goes on with what
    /// it has; see [`OperationBuilder::cascade`](crate::OperationBuilder::cascade) for more.
    pub fn depends_on<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.depends_on.extend(names.into_iter().map(Into::into));
        self
    }

    /// The server is not ready while this plugin does not serve. Default: it is.
    ///
    /// An unhealthy plugin serves: what it answers may be all that clients need, and taking every
    /// server away for a cause they share would help nobody.
    pub fn required(mut self) -> Self {
        self.settings.required = true;
        self
    }

    /// Tracks its requests: [`requests`](PluginManager::requests) and the reports of drains say
    /// which are inside, by method, path and age. Default: they are only counted.
    ///
    /// It costs a request about 200 ns. Paths are kept without their queries; where a
    /// path itself holds a secret, whoever may read the admin interface sees it.
    ///
    /// ```
    /// use tower_plugin::{BoxError, PluginManager, plugin_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
    /// let manager = PluginManager::new();
    /// let chat = manager
    ///     .register("chat", plugin_fn(|()| async { Ok::<_, BoxError>("lobby") }))
    ///     .track_requests()
    ///     .await?;
    /// let lease = chat.enter()?;
    /// let seen = manager.requests("chat", 100)?;
    /// assert_eq!((seen.total, seen.requests[0].generation), (1, 1));
    /// # drop(lease);
    /// # Ok(()) }
    /// ```
    pub fn track_requests(mut self) -> Self {
        self.settings.track_requests = true;
        self
    }

    /// How long a drain waits for requests before it cancels them.
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.settings.drain_timeout = timeout;
        self
    }

    /// How many earlier generations may be held by requests that do not leave when they are
    /// cancelled: with so many, a reload or a change of config is refused as
    /// [`TooManyLeftovers`](crate::OperationErrorKind::TooManyLeftovers), before anything is
    /// touched, until one of them goes. Default: 4; at least 1.
    ///
    /// Each holds an instance in memory. To disable, unload and shut down is never refused, so that
    /// there may be one more than this; from there, neither is it enabled.
    pub fn max_leftovers(mut self, generations: usize) -> Self {
        self.settings.max_leftovers = generations.max(1);
        self
    }

    /// How long `start` may take.
    pub fn start_timeout(mut self, timeout: Duration) -> Self {
        self.settings.start_timeout = timeout;
        self
    }

    /// How long `stop` and the instance's background tasks may take, together.
    pub fn stop_timeout(mut self, timeout: Duration) -> Self {
        self.settings.stop_timeout = timeout;
        self
    }

    /// Has the plugin started again when it has failed, at its first start or at any later
    /// operation, with the last good config, or the first one where none has served yet. Default:
    /// it stays failed until somebody does something about it.
    ///
    /// Each attempt is an operation as any other, by the actor `retry`, and takes its turn: who has
    /// that already comes first. It is no operation that others wait for: whatever somebody asks
    /// of the plugin meanwhile, but a dry run, is done at once, and the attempt is abandoned, also
    /// where its start hangs. Whatever is done with the plugin meanwhile counts: once it serves,
    /// is disabled or unloaded, it is not tried again; after an operation that failed, the attempts
    /// are counted from the first again. What is refused, such as a bad config, changes nothing.
    /// The next attempt is shown as [`PluginInfo::retry`](crate::PluginInfo::retry).
    pub fn retry(mut self, backoff: Backoff) -> Self {
        self.settings.retry = Some(Box::new(backoff));
        self
    }

    async fn register(self) -> Result<PluginHandle<P::Instance>, RegisterError> {
        let manager = self.manager.clone();
        let (handle, member) = self.prepare()?;
        manager.inner.plugins.add(vec![member.entry.clone()])?;
        member.launch(&manager).await;
        Ok(handle)
    }

    /// All that there is to a plugin before it is known to the manager.
    pub(super) fn prepare(self) -> Result<(PluginHandle<P::Instance>, Member), RegisterError> {
        let Self {
            manager,
            name,
            plugin,
            config,
            depends_on,
            settings,
        } = self;
        if !is_name(&name) {
            return Err(RegisterError::InvalidName(name));
        }
        if settings.trial.is_some() && settings.strategy != ReloadStrategy::Replace {
            return Err(RegisterError::TrialNeedsReplace(name));
        }
        let name: Arc<str> = name.into();
        let config_version = ConfigVersion {
            run: manager.inner.next_run(),
            number: 1,
        };
        let schema = Schema::new(plugin.config_schema(), plugin.secret_fields());
        let schema = schema.map_err(|reason| RegisterError::InvalidSchema {
            plugin: name.to_string(),
            reason,
        })?;
        let dependencies = plugin.dependencies().into_iter().map(Cow::into_owned);
        let dependencies: BTreeSet<String> = dependencies.chain(depends_on).collect();
        let shown = schema.secrets().mask(&config);
        let published = Arc::new(Published::new(
            Arc::clone(&name),
            plugin.version().into_owned(),
            plugin.description().into_owned(),
            settings.strategy,
            settings.required,
            settings.track_requests,
            dependencies.into_iter().collect(),
            Arc::new(schema),
            first_snapshot(shown, config_version),
        ));
        let slot = if settings.track_requests {
            Slot::tracked(Arc::clone(&name), PluginState::Loading)
        } else {
            Slot::new(Arc::clone(&name), PluginState::Loading)
        };
        let (commands, inbox) = mpsc::channel(1);
        let turn = Arc::new(Semaphore::new(1));
        let first_turn = Arc::clone(&turn).try_acquire_owned();
        let first_turn = first_turn.expect("a new semaphore has its permit");
        let store = match &manager.inner.store {
            Some(store) => Arc::clone(store),
            // For as long as the plugin is registered.
            None => Arc::new(MemoryStore::new()),
        };
        let Inner {
            store_timeout,
            history_limit,
            ..
        } = *manager.inner;
        let store = Store::new(store, store_timeout, history_limit);
        let entry = Entry {
            published: Arc::clone(&published),
            commands,
            turn,
            store: store.clone(),
        };
        let lifecycle = Lifecycle::new(
            plugin,
            settings,
            slot.clone(),
            Arc::clone(&published),
            Arc::clone(&manager.inner.journal),
            config,
            config_version,
            store,
            Registry::new(&manager.inner.plugins),
            manager.inner.out_of_time.clone(),
        );
        let lifecycle = lifecycle.retrying(Arc::clone(&entry.turn), &manager.inner.operations);
        let handle = PluginHandle::new(published, slot);
        // Nothing that can fail comes after this: what is registered has a task.
        let runtime = Handle::current();
        let task = move || drop(runtime.spawn(Box::new(lifecycle).run(inbox)));
        let member = Member {
            entry,
            first_turn,
            task: Box::new(task),
        };
        Ok((handle, member))
    }
}

/// A plugin whose task does not run yet. Dropped, nothing comes of it, and its handle rejects.
pub(super) struct Member {
    entry: Entry,
    first_turn: OwnedSemaphorePermit,
    task: Box<dyn FnOnce() + Send>,
}

impl Member {
    pub(super) fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Starts the task of a plugin that is registered, and waits for the plugin's own start.
    pub(super) async fn launch(self, manager: &PluginManager) {
        let Self {
            entry,
            first_turn,
            task,
        } = self;
        let name = &entry.published.name;
        let asked = Asked::in_turn(manager, &entry, Request::Register, first_turn);
        let (record, message) = (Arc::clone(asked.record()), "registered".to_owned());
        let journal = &manager.inner.journal;
        journal.record_part(Some(&record), EventKind::Registered, name, 0, message);
        task();
        manager.watch_store();
        asked.give();
        // A failed start is told by the handle's state.
        let _ = record.answer().await;
    }
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.entry.published.name;
        f.debug_tuple("Member").field(name).finish()
    }
}

impl<P> fmt::Debug for Registration<P> {
    /// Without the config, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("name", &self.name)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl<P: Plugin> IntoFuture for Registration<P> {
    type Output = Result<PluginHandle<P::Instance>, RegisterError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.register())
    }
}

fn first_snapshot(config: Value, config_version: ConfigVersion) -> Snapshot {
    let now = SystemTime::now();
    Snapshot {
        state: PluginState::Loading,
        since: now,
        operation: None,
        generation: 0,
        is_serving: false,
        gates: Vec::new(),
        leftovers: Vec::new(),
        config,
        config_version,
        config_since: now,
        stored: Revision::ABSENT,
        health: HealthRecord::first(Health::unhealthy("not started yet")),
        was_healthy: false,
        last_error: None,
        drift: None,
        retry: None,
        on_trial: None,
    }
}
