use std::time::Duration;

use tower_plugin_gate::Share;

use super::health::fraction;
use super::{OperationBuilder, PluginManager, Registration};
use crate::lifecycle::Trigger;
use crate::{OperationError, OperationErrorKind, OperationHandle, Outcome, Plugin, ReloadReport};

/// New generations on trial, for plugins with the strategy
/// [`Replace`](crate::ReloadStrategy::Replace).
///
/// The generation before is kept warm, its instance neither drained nor stopped. When the new one
/// is [unhealthy](Self::failure_threshold), too many of its requests [fail](Self::max_error_rate),
/// or nobody [confirms](Self::confirm_within) it, the one before serves again at once, without
/// being built anew and without a request being rejected; the operation ends
/// [`RolledBack`](Outcome::RolledBack) and says why. The config in force stays the one before until
/// the trial has been passed.
///
/// A trial is part of its operation, which is in progress until it is decided: by time, by
/// [`promote`](PluginManager::promote) or by [`abort`](PluginManager::abort). To disable or unload
/// the plugin, or to shut the manager down, ends a trial by going back first.
///
/// Plugins that are reloaded together, all or none, decide together instead: there is no trial.
impl<P: Plugin> Registration<P> {
    /// For how long a new generation serves on trial before the one before it is stopped. Default:
    /// zero, no trial.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_plugin::{BoxError, Outcome, PluginManager, ReloadStrategy, plugin_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
    /// let manager = PluginManager::new();
    /// manager
    ///     .register("geo", plugin_fn(|()| async { Ok::<_, BoxError>(()) }))
    ///     .strategy(ReloadStrategy::Replace)
    ///     .probation(Duration::from_millis(20))
    ///     .max_error_rate(0.05)
    ///     .min_requests(100)
    ///     .await?;
    /// assert_eq!(manager.reload("geo").await?.outcome, Outcome::Applied);
    /// # Ok(()) }
    /// ```
    pub fn probation(mut self, probation: Duration) -> Self {
        self.settings.trial.probation = probation;
        self
    }

    /// The part of its requests, 0 to 1, that may fail or panic while a generation is on trial.
    /// More than that ends the trial, unless as many did before. By itself it makes no trial: that
    /// takes a [probation](Self::probation), a [canary](OperationBuilder::canary) or a time to
    /// [confirm](Self::confirm_within) it in. Default: none is set, and requests are not looked at.
    ///
    /// What counts is what a [layer](crate::PluginLayer) has counted: a lease cannot fail, and a
    /// handler that takes one may be [on another generation](crate::PluginLayer#the-instance-in-a-handler)
    /// than its request is counted for. It is read a hundred times in a probation, but no more often than every 100 ms and at least once
    /// a second. The generation before is measured by all the requests it ever had; as a canary's
    /// rival by those during the trial, once there are [enough](Self::min_requests).
    pub fn max_error_rate(mut self, rate: f64) -> Self {
        self.settings.trial.max_error_rate = Some(fraction(rate));
        self
    }

    /// How many requests of the new generation must have ended before its error rate says
    /// anything. Default: 20; at least 1.
    pub fn min_requests(mut self, requests: u64) -> Self {
        self.settings.trial.min_requests = requests.max(1);
        self
    }

    /// In what time somebody must [promote](PluginManager::promote) a new generation: otherwise
    /// the one before serves again. Counts from when it is given its first requests, and a
    /// [probation](Self::probation) is not passed without it. Default: nobody has to.
    pub fn confirm_within(mut self, limit: Duration) -> Self {
        self.settings.trial.confirm_within = Some(limit);
        self
    }
}

/// How the new generation is tried out, where that is not as the plugin was registered. Only for
/// a reload or a change of config, and with the strategy
/// [`Replace`](crate::ReloadStrategy::Replace): elsewhere the answer is
/// [`TrialUnavailable`](OperationErrorKind::TrialUnavailable), and nothing is touched. So it is where
/// only the error rate or the number of requests is said, and there is no probation, no canary and no
/// time to confirm it in: nobody would look at them.
impl OperationBuilder {
    /// As [`Registration::probation`]; zero for none. Default: as registered.
    pub fn probation(mut self, probation: Duration) -> Self {
        self.options.trial.probation = Some(probation);
        self
    }

    /// As [`Registration::max_error_rate`]. Default: as registered. Where there is no trial to count
    /// in, neither registered nor asked for, the operation is refused.
    pub fn max_error_rate(mut self, rate: f64) -> Self {
        self.options.trial.max_error_rate = Some(fraction(rate));
        self
    }

    /// As [`Registration::min_requests`]. Default: as registered. Refused without a trial, too.
    pub fn min_requests(mut self, requests: u64) -> Self {
        self.options.trial.min_requests = Some(requests.max(1));
        self
    }

    /// As [`Registration::confirm_within`]. Default: as registered.
    pub fn confirm_within(mut self, limit: Duration) -> Self {
        self.options.trial.confirm_within = Some(limit);
        self
    }

    /// Gives the new generation a share of the requests first, while the one before serves the
    /// others. Default: it is given all of them.
    ///
    /// With a [probation](Self::probation), that applies to the canary first and then, when the
    /// new generation has all requests, once more. Without, the canary stays until it is promoted
    /// or aborted; bound that by [`confirm_within`](Self::confirm_within).
    ///
    /// ```
    /// use tower_plugin::gate::Share;
    /// use tower_plugin::{BoxError, Outcome, PluginManager, ReloadStrategy, plugin_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
    /// let manager = PluginManager::new();
    /// manager
    ///     .register("geo", plugin_fn(|()| async { Ok::<_, BoxError>(()) }))
    ///     .strategy(ReloadStrategy::Replace)
    ///     .await?;
    /// let reload = manager.reload("geo").canary(Share::new(10).expect("a part")).start()?;
    /// reload.on_trial().await;
    /// let report = manager.promote("geo").await?;
    /// assert_eq!((report.outcome, report.generation), (Outcome::Applied, 2));
    /// # Ok(()) }
    /// ```
    pub fn canary(mut self, share: Share) -> Self {
        self.options.trial.canary = Some(share);
        self
    }
}

/// Deciding a trial.
impl PluginManager {
    /// Decides a trial in favour of the new generation: it keeps, or is given, all requests, and
    /// the one before is drained and stopped. Answers with the report of the operation that the
    /// trial is part of.
    ///
    /// Cancel safe: it is decided when this is first polled.
    ///
    /// # Errors
    ///
    /// An [`OperationError`] when there is no such plugin, when none of its generations is
    /// [on trial](OperationErrorKind::NotOnTrial), or when the operation failed after all.
    pub async fn promote(&self, name: &str) -> Result<ReloadReport, OperationError> {
        self.decide(name, Trigger::Promote, None)?.await
    }

    /// Decides a trial against the new generation: the one before serves again, and the new one is
    /// drained and stopped. Answers with the report of the operation that the trial is part of,
    /// whose outcome is [`RolledBack`](Outcome::RolledBack).
    ///
    /// Cancel safe: it is decided when this is first polled.
    ///
    /// # Errors
    ///
    /// Those of [`promote`](Self::promote).
    pub async fn abort(&self, name: &str) -> Result<ReloadReport, OperationError> {
        aborted(self.decide(name, Trigger::Abort, None)?.await)
    }

    pub(crate) fn decide(
        &self,
        name: &str,
        decision: Trigger,
        actor: Option<&str>,
    ) -> Result<OperationHandle, OperationError> {
        let entry = self.entry(name)?;
        let under_way = entry.published.under_way();
        match under_way.filter(|record| record.decide(decision, actor)) {
            Some(record) => Ok(OperationHandle::new(record)),
            None => Err(OperationError::new(name, OperationErrorKind::NotOnTrial)),
        }
    }
}

/// That an operation was rolled back is what was asked for.
pub(crate) fn aborted(
    answer: Result<ReloadReport, OperationError>,
) -> Result<ReloadReport, OperationError> {
    answer.or_else(|error| match error.report() {
        Some(report) if report.outcome == Outcome::RolledBack => Ok(report.clone()),
        _ => Err(error),
    })
}
