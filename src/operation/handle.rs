use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;

use super::{OperationId, Record};
use crate::{OperationError, OperationInfo, ReloadReport};

/// An operation that was [started](crate::OperationBuilder::start) and goes on by itself.
///
/// Dropping it ends nothing; `.await` it for the answer. A clone is another handle.
///
/// ```
/// use tower_plugin::{BoxError, OperationPhase, Outcome, PluginManager, plugin_fn};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
/// let manager = PluginManager::new();
/// manager.register("p", plugin_fn(|()| async { Ok::<_, BoxError>(()) })).await?;
///
/// let reload = manager.reload("p").start()?;
/// assert_ne!(reload.info().phase, OperationPhase::Done);
/// assert_eq!(reload.clone().await?.outcome, Outcome::Applied);
/// assert_eq!(reload.info().phase, OperationPhase::Done);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct OperationHandle {
    record: Arc<Record>,
}

impl OperationHandle {
    pub(crate) fn new(record: Arc<Record>) -> Self {
        Self { record }
    }

    /// What names it, for [`PluginManager::operation`](crate::PluginManager::operation).
    #[must_use]
    pub fn id(&self) -> OperationId {
        self.record.id
    }

    /// How far it is. Waits for nothing.
    #[must_use]
    pub fn info(&self) -> OperationInfo {
        self.record.info()
    }
}

impl OperationHandle {
    pub(crate) fn has_ended(&self) -> bool {
        self.record.has_ended()
    }

    /// Until a generation is on [trial](crate::Registration::probation), or the operation has
    /// ended. Cancel safe.
    pub async fn on_trial(&self) {
        self.record.ended_or_on_trial().await;
    }
}

impl IntoFuture for OperationHandle {
    type Output = Result<ReloadReport, OperationError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.record.answer().await })
    }
}
