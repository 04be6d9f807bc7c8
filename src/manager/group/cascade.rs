use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::lifecycle::{Options, Request};
use crate::operation::Group;
use crate::{
    GroupHandle, GroupOperation, GroupReport, OperationBuilder, OperationError, OperationHandle,
    PluginManager, PluginResult,
};

/// An operation on a plugin, then a reload of every plugin that depends on it: `.await` it.
///
/// The dependents, direct or through others, are reloaded one after the other, each after what it
/// depends on itself. With the first that fails it ends: the rest is not touched, and the report
/// says so. Once it was awaited, it goes on even if the future is dropped.
///
/// ```
/// use tower_plugin::{BoxError, GroupOutcome, PluginManager, plugin_fn};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
/// let manager = PluginManager::new();
/// let nothing = || plugin_fn(|()| async { Ok::<_, BoxError>(()) });
/// manager.register("geoip", nothing()).await?;
/// let limit = manager.register("limit", nothing()).depends_on(["geoip"]).await?;
///
/// let report = manager.reload("geoip").cascade().await?;
/// assert_eq!(report.outcome, GroupOutcome::Applied);
/// assert_eq!(report.plugins().collect::<Vec<_>>(), ["geoip", "limit"]);
/// assert_eq!(limit.generation(), 2);
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "nothing is done until this is awaited"]
pub struct Cascade {
    first: OperationBuilder,
}

impl OperationBuilder {
    /// Goes on with a reload of every plugin that depends on this one. By default they go on with
    /// what they have.
    ///
    /// Who asks, why, and how long to wait for an operation under way, holds for each of them.
    ///
    /// # Errors
    ///
    /// Awaited, an [`OperationError`] when this operation itself was refused, so that nothing was
    /// touched. What happened otherwise is in the report.
    pub fn cascade(self) -> Cascade {
        Cascade { first: self }
    }
}

impl Cascade {
    /// Starts it, to go on by itself: a runtime's task sees to it, whatever becomes of the handle.
    ///
    /// # Errors
    ///
    /// Those of [`OperationBuilder::start`] of the operation itself. All else is what the handle
    /// answers.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn start(self) -> Result<GroupHandle, OperationError> {
        let OperationBuilder {
            manager,
            name,
            options,
            wait,
            ..
        } = &self.first;
        let dependents = manager.inner.plugins.dependents(name);
        let names = [name].into_iter().chain(&dependents).cloned().collect();
        let then = Then {
            manager: manager.clone(),
            dependents,
            options: Options {
                if_version: None,
                ..options.clone()
            },
            wait: *wait,
        };
        let first = self.first.start()?;
        let log = Arc::clone(&then.manager.inner.operations);
        let group = log.begin_group(GroupOperation::Cascade, names, &then.options);
        Ok(Arc::clone(&group).spawn(then.run(group, first)))
    }
}

/// What follows the operation itself.
struct Then {
    manager: PluginManager,
    dependents: Vec<String>,
    options: Options,
    wait: Option<Duration>,
}

impl Then {
    async fn run(
        self,
        group: Arc<Group>,
        first: OperationHandle,
    ) -> Result<GroupReport, OperationError> {
        let since = Instant::now();
        let (name, mut stopped) = (first.info().plugin, None);
        let mut results = vec![match group.follow(Ok(first)).await {
            Ok(report) => PluginResult::Done(Box::new(report)),
            Err(error) if error.report().is_none() => return Err(error),
            Err(error) => {
                stopped = Some(name);
                PluginResult::Failed(error)
            }
        }];
        for name in self.dependents {
            if let Some(failed) = &stopped {
                let reason = format!("not touched, as `{failed}` failed");
                results.push(PluginResult::Skipped {
                    plugin: name,
                    reason,
                });
                continue;
            }
            let mut reload = OperationBuilder::new(&self.manager, &name, Request::Reload);
            (reload.options, reload.wait) = (self.options.clone(), self.wait);
            let result = PluginResult::of(group.follow(reload.start()).await);
            if let PluginResult::Failed(_) = result {
                stopped = Some(name);
            }
            results.push(result);
        }
        Ok(GroupReport::new(results, since.elapsed()))
    }
}

impl IntoFuture for Cascade {
    type Output = Result<GroupReport, OperationError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async { self.start()?.await })
    }
}
