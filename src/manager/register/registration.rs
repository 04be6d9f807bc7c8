use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::lifecycle::{Backoff, ReloadStrategy, Settings};
use crate::{Plugin, PluginHandle, PluginManager, RegisterError};

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
    pub(super) manager: PluginManager,
    pub(super) name: String,
    pub(super) plugin: P,
    pub(super) config: Value,
    pub(super) depends_on: Vec<String>,
    pub(in crate::manager) settings: Settings,
}

impl<P: Plugin> Registration<P> {
    pub(in crate::manager) fn new(manager: PluginManager, name: String, plugin: P) -> Self {
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

    pub(in crate::manager) fn is_of(&self, manager: &PluginManager) -> bool {
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
    /// may be registered [together](PluginManager::register_all) with it. One that is just being
    /// started is waited for.
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
    /// Each holds an instance in memory. To disable, unload and shut down is never refused, and a
    /// change that could not be stored leaves the generation behind that it had started, so that
    /// there may be up to two more than this; from there, it is neither enabled nor
    /// [registered](crate::RegisterError::TooManyLeftovers) again.
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
        manager.inner.plugins.add(vec![member.entry().clone()])?;
        member.launch(&manager).await;
        Ok(handle)
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
