use std::time::Duration;

use crate::lifecycle::health::{prolonged, random};

/// When something is tried again that has failed, as the start of a plugin: after a pause that grows
/// with every attempt.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
/// use std::time::Duration;
/// use tower_plugin::{Backoff, BoxError, PluginManager, PluginState, plugin_fn};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
/// let manager = PluginManager::new();
/// let attempts = AtomicU32::new(0);
/// let plugin = plugin_fn(move |()| {
///     let reachable = attempts.fetch_add(1, Relaxed) > 1;
///     async move { if reachable { Ok(()) } else { Err("no database") } }
/// });
/// let mut events = manager.subscribe();
/// let plugin = manager
///     .register("geo", plugin)
///     .retry(Backoff::new().initial(Duration::from_millis(1)))
///     .await?;
/// assert_eq!(plugin.state(), PluginState::Failed);
/// while events.recv().await.expect("the manager lives").kind.as_str() != "plugin.ready" {}
/// assert_eq!(plugin.state(), PluginState::Active);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "nothing is retried unless a registration or a manager is given this"]
pub struct Backoff {
    initial: Duration,
    max: Duration,
    factor: f64,
    jitter: f64,
    max_attempts: Option<u32>,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            initial: Duration::from_secs(1),
            max: Duration::from_secs(5 * 60),
            factor: 2.0,
            jitter: 0.2,
            max_attempts: None,
        }
    }
}

impl Backoff {
    /// So much, whatever the numbers: points in time have an end.
    const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

    /// The defaults: 1 s, twice as long each time up to 5 minutes, up to 20 % more at random, for
    /// as long as it takes.
    pub fn new() -> Self {
        Self::default()
    }

    /// The pause before the first attempt. Default: 1 s; at least 1 ms.
    pub fn initial(mut self, pause: Duration) -> Self {
        self.initial = pause.max(Duration::from_millis(1));
        self
    }

    /// The longest pause, without the jitter. Default: 5 minutes; at least 1 ms, at most a year.
    pub fn max(mut self, pause: Duration) -> Self {
        self.max = pause.clamp(Duration::from_millis(1), Self::LONGEST);
        self
    }

    /// By what each pause is longer than the one before. Default: 2; at least 1.
    pub fn factor(mut self, factor: f64) -> Self {
        // Which makes 1 of what is no number.
        self.factor = factor.max(1.0);
        self
    }

    /// The part of itself, 0 to 1, by which each pause is prolonged at random, so that plugins that
    /// failed for a cause they share are not started together. Default: 0.2.
    pub fn jitter(mut self, fraction: f64) -> Self {
        // Which makes 0 of what is no number.
        self.jitter = fraction.clamp(0.0, 1.0).max(0.0);
        self
    }

    /// After how many attempts in a row it is given up; at least 1. Default: none.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = Some(attempts.max(1));
        self
    }

    /// The pause before an attempt, counted from 1; `None` where there is none any more.
    pub(crate) fn pause(&self, attempt: u32) -> Option<Duration> {
        let is_over = self.max_attempts.is_some_and(|max| attempt > max);
        (!is_over).then(|| prolonged(self.shortest(attempt), self.jitter, random()))
    }

    fn shortest(&self, attempt: u32) -> Duration {
        let doublings = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
        let grown = self.initial.as_secs_f64() * self.factor.powi(doublings);
        // What is no duration is too long for one.
        let grown = Duration::try_from_secs_f64(grown).unwrap_or(self.max);
        grown.min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_by_the_factor_up_to_the_longest() {
        let pauses = |backoff: Backoff| (1..6).map(move |n| backoff.shortest(n).as_secs());
        let backoff = Backoff::new().max(Duration::from_secs(9));
        assert!(pauses(backoff).eq([1, 2, 4, 8, 9]));
        let even = Backoff::new().factor(0.0);
        assert!(pauses(even).eq([1; 5]));
        assert!(pauses(Backoff::new().factor(f64::NAN)).eq([1; 5]));
    }

    #[test]
    fn no_number_is_too_large() {
        let backoff = Backoff::new().initial(Duration::MAX).max(Duration::MAX);
        let backoff = backoff.factor(f64::INFINITY).jitter(f64::INFINITY);
        for attempt in [0, 1, 2, u32::MAX] {
            let pause = backoff.pause(attempt).unwrap();
            assert!(pause >= Backoff::LONGEST && pause <= 2 * Backoff::LONGEST);
        }
        let pause = Backoff::new().shortest(u32::MAX);
        assert_eq!(pause, Duration::from_secs(300));
    }

    #[test]
    fn jitter_prolongs_and_attempts_may_have_an_end() {
        let backoff = Backoff::new().max_attempts(2);
        for _ in 0..100 {
            let pause = backoff.pause(2).unwrap().as_secs_f64();
            assert!((2.0..=2.4).contains(&pause), "{pause}");
        }
        assert_eq!(backoff.pause(3), None);
        let even = backoff.jitter(f64::NAN);
        assert_eq!(even.pause(2), Some(Duration::from_secs(2)));
    }
}
