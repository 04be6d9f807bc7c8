use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// When background checks are made, and what they must find to change what is published.
#[derive(Debug, Clone)]
pub(crate) struct HealthSettings {
    pub(crate) interval: Duration,
    /// From the start of a generation to its first background check; the interval if none.
    pub(crate) initial_delay: Option<Duration>,
    /// By which part of itself a wait is prolonged at most.
    pub(crate) jitter: f64,
    pub(crate) failure_threshold: u32,
    pub(crate) success_threshold: u32,
    pub(crate) passive: Option<PassiveHealth>,
}

/// What may become of the requests of a window of time before it says something of the instance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PassiveHealth {
    pub(crate) max_error_rate: f64,
    pub(crate) min_requests: u64,
    pub(crate) window: Duration,
}

impl Default for HealthSettings {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(10),
            initial_delay: None,
            jitter: 0.1,
            failure_threshold: 3,
            success_threshold: 1,
            passive: None,
        }
    }
}

impl HealthSettings {
    /// How long to wait for a generation's first background check.
    pub(super) fn first_delay(&self) -> Duration {
        prolonged(
            self.initial_delay.unwrap_or(self.interval),
            self.jitter,
            random(),
        )
    }

    /// How long to wait for the next one.
    pub(super) fn next_delay(&self) -> Duration {
        prolonged(self.interval, self.jitter, random())
    }
}

/// `delay` to `delay * (1 + jitter)`, by where `random` is among all numbers.
pub(in crate::lifecycle) fn prolonged(delay: Duration, jitter: f64, random: u64) -> Duration {
    let more = delay.as_secs_f64() * jitter * (random as f64 / u64::MAX as f64);
    delay.saturating_add(Duration::try_from_secs_f64(more).unwrap_or_default())
}

/// Good enough to keep checks apart: what the standard library seeds its maps with.
pub(in crate::lifecycle) fn random() -> u64 {
    RandomState::new().hash_one(0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn delay_is_prolonged_by_the_jitter_at_most_and_never_shortened() {
        let ten = Duration::from_secs(10);
        assert_eq!(prolonged(ten, 0.5, 0), ten);
        assert_eq!(prolonged(ten, 0.5, u64::MAX), Duration::from_secs(15));
        assert_eq!(prolonged(ten, 0.0, u64::MAX), ten);
        assert_eq!(prolonged(Duration::MAX, 1.0, u64::MAX), Duration::MAX);
    }

    #[test]
    fn ten_thousand_plugins_are_spread_over_the_whole_jitter() {
        let settings = HealthSettings::default();
        let tenths = |_| (settings.next_delay().as_millis() - 10_000) / 100;
        let tenths: BTreeSet<_> = (0..10_000).map(tenths).collect();
        assert!(tenths.iter().all(|tenth| *tenth <= 10));
        assert!((0..10).all(|tenth| tenths.contains(&tenth)), "{tenths:?}");
    }
}
