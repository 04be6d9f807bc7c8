use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::{Asked, in_progress, is_before, make_way};
use crate::lifecycle::{DryRun, Options, Request};
use crate::{
    ConfigVersion, OperationError, OperationErrorKind, OperationHandle, PluginManager, ReloadReport,
};

/// An operation about to be asked for, with its options: `.await` it, or [start](Self::start) it.
///
/// Cancel safe: once the plugin's task has taken it, the operation goes on when the future is
/// dropped. While it still [waits](Self::wait) for its turn, dropping it takes it back.
///
/// ```
/// use std::time::Duration;
/// use tower_plugin::{BoxError, Outcome, PluginManager, plugin_fn};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
/// let manager = PluginManager::new();
/// manager.register("p", plugin_fn(|()| async { Ok::<_, BoxError>(()) })).await?;
///
/// let report = manager
///     .reload("p")
///     .actor("ops@example.org")
///     .cause("new database")
///     .wait(Duration::from_secs(5))
///     .await?;
/// assert_eq!(report.outcome, Outcome::Applied);
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "nothing is done until this is awaited or started"]
pub struct OperationBuilder {
    pub(in crate::manager) manager: PluginManager,
    pub(in crate::manager) name: String,
    request: Request,
    pub(in crate::manager) options: Options,
    pub(in crate::manager) wait: Option<Duration>,
}

impl OperationBuilder {
    pub(in crate::manager) fn new(manager: &PluginManager, name: &str, request: Request) -> Self {
        Self {
            manager: manager.clone(),
            name: name.to_owned(),
            request,
            options: Options::default(),
            wait: None,
        }
    }

    /// Who asks, as it is shown beside what was done. Default: nobody in particular.
    pub fn actor(mut self, actor: impl Into<String>) -> Self {
        self.options.actor = Some(actor.into());
        self
    }

    /// Why, in words, as it is shown beside what was done. Default: none.
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.options.cause = Some(cause.into());
        self
    }

    /// Only if `version` of the plugin's config is in force; otherwise the answer is a
    /// [`VersionMismatch`](OperationErrorKind::VersionMismatch) and nothing is touched.
    /// Default: whichever is.
    pub fn if_version(mut self, version: ConfigVersion) -> Self {
        self.options.if_version = Some(version);
        self
    }

    /// Waits up to `limit` for an operation under way to end; first come, first served. Default:
    /// the answer is [`InProgress`](OperationErrorKind::InProgress) at once.
    pub fn wait(mut self, limit: Duration) -> Self {
        self.wait = Some(limit);
        self
    }

    /// Only says what it would do: [`ReloadReport::dry_run`]. Everything is checked as for the
    /// operation itself, and nothing is changed: no hook of the plugin is called, nothing is
    /// stored, no event tells of it. Default: it is done.
    ///
    /// It takes its turn as the operation does, for what will be true after the one under way
    /// cannot be told now.
    ///
    /// ```
    /// use serde_json::json;
    /// use tower_plugin::{BoxError, DryRunStep, PluginManager, plugin_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
    /// let manager = PluginManager::new();
    /// let start = |rates: std::collections::BTreeMap<String, u32>| async { Ok::<_, BoxError>(rates) };
    /// manager.register("p", plugin_fn(start)).await?;
    ///
    /// let report = manager.update_config("p", json!({"rate": 5})).dry_run().await?;
    /// let would = report.dry_run.expect("it was a dry run");
    /// assert_eq!(would.would, DryRunStep::Exchange);
    /// assert_eq!(would.changes[0].pointer, "/rate");
    /// assert_eq!(manager.config("p")?.config, json!({}));
    /// # Ok(()) }
    /// ```
    pub fn dry_run(mut self) -> Self {
        self.options.dry_run = Some(DryRun::Check);
        self
    }

    /// As [`dry_run`](Self::dry_run), but where an instance would be started, one is: it is asked
    /// for its health, given no traffic, and stopped. Its start is told as
    /// [`StartReason::DryRun`](crate::StartReason::DryRun), by an event, too.
    ///
    /// Where one serves already, there are two for a while. With the strategy `Recreate` that must
    /// not be, so the answer is then [`CannotStartBeside`](OperationErrorKind::CannotStartBeside).
    /// A start that fails is answered as that of the operation is, with the outcome `Rejected`.
    pub fn dry_run_with_start(mut self) -> Self {
        self.options.dry_run = Some(DryRun::Start);
        self
    }

    /// Starts it, to go on by itself: a runtime's task sees to it, whatever becomes of the handle.
    ///
    /// ```
    /// use tower_plugin::{BoxError, PluginManager, plugin_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
    /// let manager = PluginManager::new();
    /// manager.register("p", plugin_fn(|()| async { Ok::<_, BoxError>(()) })).await?;
    /// let id = manager.reload("p").start()?.id();
    /// // … later, elsewhere …
    /// let reload = manager.operation(id).expect("it was just asked for");
    /// println!("{} of {}: {}", reload.operation, reload.plugin, reload.phase);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// What is known at once: there is no such plugin, it is in another operation and this one is
    /// not to [wait](Self::wait), or the manager shuts down. All else is what the handle answers.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, where it has to wait for its turn.
    pub fn start(self) -> Result<OperationHandle, OperationError> {
        Ok(OperationHandle::new(self.ask()?.start()))
    }

    async fn run(self) -> Result<ReloadReport, OperationError> {
        self.ask()?.run().await
    }

    /// Whether it can be asked for, now or when its turn comes.
    fn ask(self) -> Result<Asked, OperationError> {
        let Self {
            manager,
            name,
            request,
            options,
            wait,
        } = self;
        let entry = manager.entry(&name)?;
        let plugins = &manager.inner.plugins;
        let refuse = |kind| Err(OperationError::new(&*name, kind));
        if plugins.is_closed() {
            return refuse(OperationErrorKind::ShuttingDown);
        }
        if let (Request::Unload, Some(dependent)) = (&request, plugins.dependent(&name)) {
            return refuse(OperationErrorKind::RequiredBy(dependent));
        }
        // Before anything is ended for it; its turn may still find another version in force.
        let current = entry.published.read(|snapshot| snapshot.config_version);
        let operation = request.operation();
        if options.if_version.is_some_and(|meant| meant != current)
            && options.dry_run.is_none()
            && is_before(&entry, operation)
        {
            return refuse(OperationErrorKind::VersionMismatch { current });
        }
        let is_begun =
            options.dry_run.is_none() && make_way(&entry, operation, options.actor.as_deref());
        let turn = Arc::clone(&entry.turn).try_acquire_owned().ok();
        // What is ended takes no longer than its drain and its hooks.
        let wait = if is_begun {
            Duration::MAX
        } else {
            wait.unwrap_or_default()
        };
        if turn.is_none() && wait.is_zero() {
            return Err(in_progress(&entry, &request));
        }
        let asked = Asked::new(&manager, entry, request, options, turn, wait);
        Ok(if is_begun { asked.begun() } else { asked })
    }
}

impl IntoFuture for OperationBuilder {
    type Output = Result<ReloadReport, OperationError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
