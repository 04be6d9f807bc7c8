use std::collections::{BTreeMap, BTreeSet};
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower_plugin_gate::PluginState;

use super::together;
use crate::lifecycle::{Options, Request};
use crate::manager::registry::Entry;
use crate::operation::Group;
use crate::{
    GroupHandle, GroupOperation, GroupReport, OperationBuilder, OperationError, PluginManager,
    PluginResult,
};

/// A reload of several plugins about to be asked for, with its options: `.await` it.
///
/// By default each is reloaded by itself, all at the same time, whatever becomes of the others; only
/// one that [depends](crate::Registration::depends_on) on others of them comes after those.
/// Plugins that are disabled are skipped. One in another operation, such as a trial, refuses, or is
/// [waited](Self::wait) for. Once it was awaited, it goes on even if the future is dropped.
///
/// ```
/// use tower_plugin::{BoxError, GroupOutcome, PluginManager, ReloadStrategy, plugin_fn};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
/// let manager = PluginManager::builder().build()?;
/// for name in ["geo", "limit"] {
///     let plugin = plugin_fn(|()| async { Ok::<_, BoxError>(()) });
///     manager.register(name, plugin).strategy(ReloadStrategy::Replace).await?;
/// }
/// let report = manager.reload_all().all_or_nothing().await?;
/// assert_eq!(report.outcome, GroupOutcome::Applied);
/// assert_eq!(report.results.len(), 2);
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "nothing is reloaded until this is awaited"]
pub struct ReloadAll {
    pub(super) manager: PluginManager,
    only: Option<Vec<String>>,
    all_or_nothing: bool,
    pub(super) options: Options,
    pub(super) wait: Option<Duration>,
    pub(super) prepare_timeout: Duration,
}

impl ReloadAll {
    pub(in crate::manager) fn new(manager: PluginManager) -> Self {
        Self {
            manager,
            only: None,
            all_or_nothing: false,
            options: Options::default(),
            wait: None,
            prepare_timeout: Duration::from_secs(60),
        }
    }

    /// Only the plugins of these names. Default: all.
    pub fn only<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        let names = names.into_iter().map(Into::into);
        self.only.get_or_insert_default().extend(names);
        self
    }

    /// Has every new generation started and found healthy before any of them serves, beside those
    /// that go on serving. If one is not, within the
    /// [`prepare_timeout`](Self::prepare_timeout), none is swapped: all new ones are stopped
    /// again. Default: each plugin by itself.
    ///
    /// Plugins that are [recreated](crate::ReloadStrategy::Recreate) cannot have two generations
    /// at a time, so with one of them among those that serve all is refused. The swaps come right
    /// after each other, not in one step: a request that meets two of the plugins may meet the new
    /// generation of one and the old of the other.
    ///
    /// New generations are started at the same time, none of them beside another new one that
    /// serves: what depends on another plugin is started with what that serves until then. To
    /// have it follow a new generation, [cascade](OperationBuilder::cascade).
    pub fn all_or_nothing(mut self) -> Self {
        self.all_or_nothing = true;
        self
    }

    /// How long it may take until all new generations of
    /// [`all_or_nothing`](Self::all_or_nothing) are ready. Each plugin's own timeouts hold
    /// besides. Default: 60 s.
    pub fn prepare_timeout(mut self, timeout: Duration) -> Self {
        self.prepare_timeout = timeout;
        self
    }

    /// Who asks. See [`OperationBuilder::actor`].
    pub fn actor(mut self, actor: impl Into<String>) -> Self {
        self.options.actor = Some(actor.into());
        self
    }

    /// Why. See [`OperationBuilder::cause`].
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.options.cause = Some(cause.into());
        self
    }

    /// How long to wait for operations under way. See [`OperationBuilder::wait`].
    pub fn wait(mut self, limit: Duration) -> Self {
        self.wait = Some(limit);
        self
    }

    /// Starts it, to go on by itself: a runtime's task sees to it, whatever becomes of the handle.
    ///
    /// # Errors
    ///
    /// What is known at once: there is no such plugin, or the manager shuts down. All else is what
    /// the handle answers.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn start(self) -> Result<GroupHandle, OperationError> {
        let entries = self.entries()?;
        let names = entries.iter().map(|entry| entry.published.name.to_string());
        let log = &self.manager.inner.operations;
        let group = log.begin_group(GroupOperation::ReloadAll, names.collect(), &self.options);
        Ok(Arc::clone(&group).spawn(self.run(group, entries)))
    }

    async fn run(
        self,
        group: Arc<Group>,
        entries: Vec<Entry>,
    ) -> Result<GroupReport, OperationError> {
        let since = Instant::now();
        let results = if self.all_or_nothing {
            together::reload(&self, entries).await?
        } else {
            self.each(&group, entries).await
        };
        Ok(GroupReport::new(results, since.elapsed()))
    }

    /// The plugins meant, each once, sorted by name.
    fn entries(&self) -> Result<Vec<Entry>, OperationError> {
        let plugins = &self.manager.inner.plugins;
        if plugins.is_closed() {
            return Err(OperationError::shutting_down("all"));
        }
        match &self.only {
            None => Ok(plugins.entries()),
            Some(names) => {
                let names: BTreeSet<&String> = names.iter().collect();
                let entry = |name: &String| self.manager.entry(name);
                names.into_iter().map(entry).collect()
            }
        }
    }

    async fn each(&self, group: &Arc<Group>, entries: Vec<Entry>) -> Vec<PluginResult> {
        let mut reloads = JoinSet::new();
        let mut results: Vec<Option<PluginResult>> = Vec::new();
        // Of each that is reloaded, which others wait for its end.
        let mut ends: BTreeMap<&str, CancellationToken> = BTreeMap::new();
        for entry in &entries {
            let skipped = skipped(entry);
            if skipped.is_none() {
                ends.insert(&entry.published.name, CancellationToken::new());
            }
            results.push(skipped);
        }
        let dependencies = self.manager.inner.plugins.dependencies(&entries);
        for (place, (entry, on)) in entries.iter().zip(dependencies).enumerate() {
            let name = &*entry.published.name;
            let Some(end) = ends.get(name) else { continue };
            // Dropped at the end, in whatever way that comes.
            let end = end.clone().drop_guard();
            let before = on.iter().filter_map(|on| ends.get(on.as_str()).cloned());
            let before: Vec<CancellationToken> = before.collect();
            let mut reload = OperationBuilder::new(&self.manager, name, Request::Reload);
            (reload.options, reload.wait) = (self.options.clone(), self.wait);
            let group = Arc::clone(group);
            reloads.spawn(async move {
                let _end = end;
                for dependency in before {
                    dependency.cancelled().await;
                }
                (place, group.follow(reload.start()).await)
            });
        }
        while let Some(reloaded) = reloads.join_next().await {
            if let Ok((place, reloaded)) = reloaded {
                results[place] = Some(PluginResult::of(reloaded));
            }
        }
        results.into_iter().flatten().collect()
    }
}

/// What is said of a plugin that is left alone.
pub(super) fn skipped(entry: &Entry) -> Option<PluginResult> {
    let published = &entry.published;
    let is_disabled = published.read(|snapshot| snapshot.state == PluginState::Disabled);
    is_disabled.then(|| PluginResult::Skipped {
        plugin: published.name.to_string(),
        reason: "disabled".to_owned(),
    })
}

impl IntoFuture for ReloadAll {
    type Output = Result<GroupReport, OperationError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async { self.start()?.await })
    }
}
