use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::PluginManager;
use super::registry::Entry;
use crate::lifecycle::{Command, Options, Request};
use crate::{ConfigVersion, OperationError, OperationErrorKind, ReloadReport};

/// An operation about to be asked for, with its options: `.await` it.
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
#[must_use = "nothing is done until this is awaited"]
pub struct OperationBuilder {
    manager: PluginManager,
    name: String,
    request: Request,
    options: Options,
    wait: Option<Duration>,
}

impl OperationBuilder {
    pub(super) fn new(manager: &PluginManager, name: &str, request: Request) -> Self {
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

    async fn run(self) -> Result<ReloadReport, OperationError> {
        let Self {
            manager,
            name,
            request,
            options,
            wait,
        } = self;
        let entry = manager.entry(&name)?;
        if manager.inner.plugins.is_closed() {
            return Err(OperationError::new(
                &*name,
                OperationErrorKind::ShuttingDown,
            ));
        }
        if let (Request::Unload, Some(dependent)) =
            (&request, manager.inner.plugins.dependent(&name))
        {
            let kind = OperationErrorKind::RequiredBy(dependent);
            return Err(OperationError::new(&*name, kind));
        }
        let turn = match Arc::clone(&entry.turn).try_acquire_owned() {
            Ok(turn) => Some(turn),
            Err(_) => turn_within(&entry, wait.unwrap_or_default()).await,
        };
        let Some(turn) = turn else {
            let under_way = entry.published.read(|snapshot| snapshot.operation);
            let under_way = under_way.unwrap_or_else(|| request.operation());
            let kind = OperationErrorKind::InProgress(under_way);
            return Err(OperationError::new(&*name, kind));
        };
        give(&entry, request, options, turn).await
    }
}

impl IntoFuture for OperationBuilder {
    type Output = Result<ReloadReport, OperationError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

async fn turn_within(entry: &Entry, limit: Duration) -> Option<OwnedSemaphorePermit> {
    if limit.is_zero() {
        return None;
    }
    let turn = Arc::clone(&entry.turn).acquire_owned();
    tokio::time::timeout(limit, turn).await.ok()?.ok()
}

/// Gives a plugin's task a command and waits for the answer.
pub(super) async fn give(
    entry: &Entry,
    request: Request,
    options: Options,
    turn: OwnedSemaphorePermit,
) -> Result<ReloadReport, OperationError> {
    let (reply, answer) = oneshot::channel();
    let gone = || OperationError::new(&*entry.published.name, OperationErrorKind::NotFound);
    let command = Command {
        request,
        options,
        reply,
        turn,
    };
    // There is room for one command, and whoever has the turn is the only one to give one.
    entry.commands.try_send(command).map_err(|_| gone())?;
    answer.await.map_err(|_| gone())?
}
