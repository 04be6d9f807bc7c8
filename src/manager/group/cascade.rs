use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Instant;

use crate::lifecycle::{Options, Request};
use crate::{GroupReport, OperationBuilder, OperationError, PluginManager, PluginResult};

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
    async fn run(self) -> Result<GroupReport, OperationError> {
        let since = Instant::now();
        let OperationBuilder {
            manager,
            name,
            options,
            wait,
            ..
        } = &self.first;
        let dependents = manager.inner.plugins.dependents(name);
        let manager: PluginManager = manager.clone();
        let (wait, mut stopped) = (*wait, None);
        let options = Options {
            if_version: None,
            ..options.clone()
        };
        let first = name.clone();
        let mut results = vec![match self.first.await {
            Ok(report) => PluginResult::Done(Box::new(report)),
            Err(error) if error.report().is_none() => return Err(error),
            Err(error) => {
                stopped = Some(first);
                PluginResult::Failed(error)
            }
        }];
        for name in dependents {
            if let Some(failed) = &stopped {
                let reason = format!("not touched, as `{failed}` failed");
                results.push(PluginResult::Skipped {
                    plugin: name,
                    reason,
                });
                continue;
            }
            let mut reload = OperationBuilder::new(&manager, &name, Request::Reload);
            (reload.options, reload.wait) = (options.clone(), wait);
            results.push(match reload.await {
                Ok(report) => PluginResult::Done(Box::new(report)),
                Err(error) => {
                    stopped = Some(name);
                    PluginResult::Failed(error)
                }
            });
        }
        Ok(GroupReport::new(results, since.elapsed()))
    }
}

impl IntoFuture for Cascade {
    type Output = Result<GroupReport, OperationError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async {
            let plugin = self.first.name.clone();
            // A task of its own, for the dependents are to follow whatever becomes of the caller.
            let done = tokio::spawn(self.run()).await;
            done.unwrap_or_else(|_| Err(OperationError::shutting_down(plugin)))
        })
    }
}
