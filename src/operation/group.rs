use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::watch;
use tokio::time::Instant;

use super::OperationId;
use super::progress::End;
use crate::lifecycle::Options;
use crate::{
    GroupInfo, GroupOperation, GroupPhase, GroupReport, OperationError, OperationHandle,
    ReloadReport,
};

/// What comes of an operation on several plugins.
pub(crate) type GroupAnswer = Result<GroupReport, OperationError>;

/// An operation on several plugins, from when it is asked for until it is forgotten. Reading it
/// waits for nobody.
#[derive(Debug)]
pub(crate) struct Group {
    pub(super) id: OperationId,
    operation: GroupOperation,
    plugins: Vec<String>,
    actor: Option<String>,
    cause: Option<String>,
    started: SystemTime,
    begun: Instant,
    progress: watch::Sender<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    /// Whether a generation of one of the plugins has gone into a trial.
    is_on_trial: bool,
    end: Option<End<GroupAnswer>>,
}

impl Group {
    pub(super) fn new(
        id: OperationId,
        operation: GroupOperation,
        plugins: Vec<String>,
        options: &Options,
    ) -> Self {
        Self {
            id,
            operation,
            plugins,
            actor: options.actor.clone(),
            cause: options.cause.clone(),
            started: SystemTime::now(),
            begun: Instant::now(),
            progress: watch::Sender::default(),
        }
    }

    /// Has it done by a task of its own, so that nothing is left half done when whoever asked for
    /// it goes away.
    pub(crate) fn spawn(
        self: Arc<Self>,
        work: impl Future<Output = GroupAnswer> + Send + 'static,
    ) -> GroupHandle {
        let ending = Ending(Arc::clone(&self));
        tokio::spawn(async move { ending.0.end(work.await) });
        GroupHandle { group: self }
    }

    /// Has one of its operations go to its end, if it was not refused, and tells when that goes into
    /// a trial first.
    pub(crate) async fn follow(
        &self,
        operation: Result<OperationHandle, OperationError>,
    ) -> Result<ReloadReport, OperationError> {
        let operation = operation?;
        operation.on_trial().await;
        if !operation.has_ended() {
            self.progress
                .send_modify(|progress| progress.is_on_trial = true);
        }
        operation.await
    }

    /// Until it has ended, or a generation is on trial.
    async fn ended_or_on_trial(&self) {
        let mut progress = self.progress.subscribe();
        let told = progress.wait_for(|progress| progress.is_on_trial || progress.end.is_some());
        told.await.expect("the group holds the sender");
    }

    /// Ends it, unless that was done before.
    fn end(&self, answer: GroupAnswer) {
        self.progress.send_if_modified(|progress| {
            let is_first = progress.end.is_none();
            if is_first {
                progress.end = Some(End {
                    time: SystemTime::now(),
                    took: self.begun.elapsed(),
                    answer,
                });
            }
            is_first
        });
    }

    pub(super) fn is_done(&self) -> bool {
        self.progress.borrow().end.is_some()
    }

    /// Until it has ended, and how.
    async fn answer(&self) -> GroupAnswer {
        let mut progress = self.progress.subscribe();
        let ended = progress.wait_for(|progress| progress.end.is_some()).await;
        let ended = ended.expect("the group holds the sender");
        let ended = ended.end.as_ref().expect("it was waited for");
        ended.answer.clone()
    }

    pub(crate) fn info(&self) -> GroupInfo {
        let progress = self.progress.borrow();
        let end = progress.end.as_ref();
        GroupInfo {
            id: self.id,
            operation: self.operation,
            phase: match end {
                Some(_) => GroupPhase::Done,
                None => GroupPhase::Running,
            },
            plugins: self.plugins.clone(),
            actor: self.actor.clone(),
            cause: self.cause.clone(),
            started: self.started,
            ended: end.map(|end| end.time),
            elapsed: end.map_or_else(|| self.begun.elapsed(), |end| end.took),
            result: end.map(|end| end.answer.clone()),
        }
    }
}

/// Ends a group whose task is dropped, as by a runtime that shuts down.
struct Ending(Arc<Group>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end(Err(OperationError::shutting_down("all")));
    }
}

/// An operation on several plugins that was [started](crate::ReloadAll::start) and goes on by
/// itself.
///
/// Dropping it ends nothing; `.await` it for the report. A clone is another handle.
///
/// ```
/// use tower_plugin::{BoxError, GroupOutcome, GroupPhase, PluginManager, plugin_fn};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
/// let manager = PluginManager::new();
/// manager.register("p", plugin_fn(|()| async { Ok::<_, BoxError>(()) })).await?;
///
/// let reload = manager.reload_all().start()?;
/// assert_eq!(reload.info().phase, GroupPhase::Running);
/// assert_eq!(reload.clone().await?.outcome, GroupOutcome::Applied);
/// let info = manager.group(reload.id()).expect("it was just done");
/// assert_eq!((info.phase, info.plugins), (GroupPhase::Done, vec!["p".to_owned()]));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct GroupHandle {
    group: Arc<Group>,
}

impl GroupHandle {
    /// What names it, for [`PluginManager::group`](crate::PluginManager::group).
    #[must_use]
    pub fn id(&self) -> OperationId {
        self.group.id
    }

    /// How far it is. Waits for nothing.
    #[must_use]
    pub fn info(&self) -> GroupInfo {
        self.group.info()
    }

    /// Until a generation of one of its plugins is on [trial](crate::Registration::probation), or it
    /// has ended. Cancel safe.
    ///
    /// A trial may need somebody to decide it: who waits for the report alone may be the one.
    pub async fn on_trial(&self) {
        self.group.ended_or_on_trial().await;
    }
}

impl IntoFuture for GroupHandle {
    type Output = Result<GroupReport, OperationError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.group.answer().await })
    }
}
