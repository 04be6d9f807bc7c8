use std::sync::Arc;
use std::time::Duration;

use super::{PluginManagerBuilder, Registration};
use crate::Plugin;
use crate::lifecycle::{HealthSettings, PassiveHealth, Settings};

/// How a plugin's health is found out; the words are Kubernetes'.
impl<P: Plugin> Registration<P> {
    /// How long `check` may take. One that takes longer has failed.
    pub fn check_timeout(mut self, timeout: Duration) -> Self {
        self.settings.check_timeout = timeout;
        self
    }

    /// Time from the end of a background check to the next one; at least 1 ms. Default: 10 s. Each
    /// generation is checked once before it serves, and in the background from then on.
    pub fn check_interval(mut self, interval: Duration) -> Self {
        health(&mut self.settings).check_interval(interval);
        self
    }

    /// Time from the start of a generation to its first background check. Default: the
    /// [`check_interval`](Self::check_interval), as it was checked just before.
    pub fn initial_delay(mut self, delay: Duration) -> Self {
        health(&mut self.settings).initial_delay = Some(delay);
        self
    }

    /// The part of itself, 0 to 1, by which the time to a background check is prolonged at random,
    /// so that plugins that were registered together are not checked together. Default: 0.1.
    pub fn jitter(mut self, fraction: f64) -> Self {
        health(&mut self.settings).jitter(fraction);
        self
    }

    /// How many background checks in a row must find the plugin unhealthy, fail or time out before
    /// it is said to be unhealthy; at least 1. Default: 3.
    ///
    /// Until then its published status stays what it is, while the message and the details are
    /// those of the last check, and
    /// [`consecutive_failures`](crate::PluginHealth::consecutive_failures) counts. A degraded
    /// plugin works, so that is no failure, and published at once. The check before a generation
    /// serves has nothing before it, so it counts at once.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_plugin::{BoxError, PluginManager, plugin_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
    /// let manager = PluginManager::new();
    /// manager
    ///     .register("geo", plugin_fn(|()| async { Ok::<_, BoxError>(()) }))
    ///     .check_interval(Duration::from_secs(5))
    ///     .failure_threshold(2)
    ///     .success_threshold(3)
    ///     .await?;
    /// assert_eq!(manager.health().plugins["geo"].consecutive_failures, 0);
    /// # Ok(()) }
    /// ```
    pub fn failure_threshold(mut self, checks: u32) -> Self {
        health(&mut self.settings).failure_threshold = checks.max(1);
        self
    }

    /// How many background checks in a row must not find the plugin unhealthy before it is said to
    /// have recovered; at least 1. Default: 1.
    pub fn success_threshold(mut self, checks: u32) -> Self {
        health(&mut self.settings).success_threshold = checks.max(1);
        self
    }

    /// Has what becomes of the plugin's requests tell of its health, too. Default: it does not.
    ///
    /// Looked at with every background check, over the last `window`, or since the last look if
    /// that is longer ago, and of the current generation only. At least `min_requests` must have
    /// ended in that time.
    ///
    /// | of the requests that ended | health |
    /// | --- | --- |
    /// | a larger part than `max_error_rate` (0 to 1) failed or panicked | degraded |
    /// | one panicked, however few there were | degraded |
    /// | a larger part than `max_error_rate` panicked | unhealthy |
    /// | that many failed, and none succeeded | unhealthy |
    ///
    /// What is published is the worse of this and of the checks. The window has weighed the
    /// requests already, so the thresholds for checks do not apply to it. A request has failed
    /// when it is counted so by a [layer](crate::PluginLayer); a lease cannot fail.
    pub fn passive_health(
        mut self,
        max_error_rate: f64,
        min_requests: u64,
        window: Duration,
    ) -> Self {
        let passive = PassiveHealth {
            max_error_rate: fraction(max_error_rate),
            min_requests,
            window,
        };
        health(&mut self.settings).passive = Some(passive);
        self
    }
}

/// The defaults of the plugins' health checks.
impl PluginManagerBuilder {
    /// How long a plugin's `check` may take. Default: 5 s.
    pub fn check_timeout(mut self, timeout: Duration) -> Self {
        self.defaults.check_timeout = timeout;
        self
    }

    /// Time between two background checks of a plugin. Default: 10 s; at least 1 ms. See
    /// [`Registration::check_interval`].
    pub fn check_interval(mut self, interval: Duration) -> Self {
        health(&mut self.defaults).check_interval(interval);
        self
    }

    /// The part of itself by which the time to a background check is prolonged at random. Default:
    /// 0.1. See [`Registration::jitter`].
    pub fn jitter(mut self, fraction: f64) -> Self {
        health(&mut self.defaults).jitter(fraction);
        self
    }

    /// How many checks in a row must fail before a plugin is said to be unhealthy. Default: 3. See
    /// [`Registration::failure_threshold`].
    pub fn failure_threshold(mut self, checks: u32) -> Self {
        health(&mut self.defaults).failure_threshold = checks.max(1);
        self
    }

    /// How many checks in a row must succeed before it is said to have recovered. Default: 1. See
    /// [`Registration::success_threshold`].
    pub fn success_threshold(mut self, checks: u32) -> Self {
        health(&mut self.defaults).success_threshold = checks.max(1);
        self
    }
}

/// Shared by all plugins that leave it as it is.
fn health(settings: &mut Settings) -> &mut HealthSettings {
    Arc::make_mut(&mut settings.health)
}

impl HealthSettings {
    fn check_interval(&mut self, interval: Duration) {
        self.interval = interval.max(Duration::from_millis(1));
    }

    fn jitter(&mut self, jitter: f64) {
        self.jitter = fraction(jitter);
    }
}

/// 0 to 1, and 0 for what is no number.
pub(super) fn fraction(part: f64) -> f64 {
    if part.is_nan() {
        0.0
    } else {
        part.clamp(0.0, 1.0)
    }
}
