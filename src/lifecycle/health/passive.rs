use std::collections::VecDeque;

use tokio::time::Instant;
use tower_plugin_gate::Counters;

use super::PassiveHealth;
use crate::{GoDuration, Health};

/// The counters of a generation, as they were at times within the window and once before it.
#[derive(Debug)]
pub(super) struct Window {
    settings: PassiveHealth,
    samples: VecDeque<(Instant, Counters)>,
}

impl Window {
    pub(super) fn new(settings: PassiveHealth) -> Self {
        Self {
            settings,
            samples: VecDeque::from([(Instant::now(), Counters::default())]),
        }
    }

    /// What is wrong with the requests that ended since the window began, if anything is.
    pub(super) fn look(&mut self, now: Instant, counters: Counters) -> Option<Health> {
        self.samples.push_back((now, counters));
        let began = now.checked_sub(self.settings.window);
        let is_before = |at: Instant| began.is_some_and(|began| at <= began);
        // One from before the window stays, unless that is the sample just taken.
        while self.samples.len() > 2 && is_before(self.samples[1].0) {
            self.samples.pop_front();
        }
        let (_, before) = *self.samples.front()?;
        self.settings.judge(before, counters)
    }
}

impl PassiveHealth {
    /// A panic is nobody's answer, so that one is enough to say so; where they are too many, or
    /// nothing succeeds, the instance does not work.
    fn judge(&self, before: Counters, now: Counters) -> Option<Health> {
        let completed = now.completed.wrapping_sub(before.completed);
        let failed = now.failed.wrapping_sub(before.failed);
        let panicked = now.panicked.wrapping_sub(before.panicked);
        let abandoned = now.abandoned.wrapping_sub(before.abandoned);
        let errors = failed + panicked;
        let is_enough = completed + errors >= self.min_requests.max(1);
        // One that was dropped before its end has not failed.
        let ended = completed + errors + abandoned;
        let is_over = |part: u64| is_enough && part as f64 > self.max_error_rate * ended as f64;
        let message = || {
            let window = GoDuration(self.window);
            let panics = if panicked == 0 {
                String::new()
            } else {
                format!(", {panicked} of them by a panic")
            };
            format!("{errors} of {ended} requests failed within {window}{panics}")
        };
        if is_over(panicked) || (is_over(errors) && completed == 0) {
            Some(Health::unhealthy(message()))
        } else if is_over(errors) || panicked > 0 {
            Some(Health::degraded(message()))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::HealthStatus;

    const SETTINGS: PassiveHealth = PassiveHealth {
        max_error_rate: 0.1,
        min_requests: 10,
        window: Duration::from_secs(60),
    };

    fn counters(completed: u64, failed: u64, panicked: u64) -> Counters {
        let mut counters = Counters::default();
        (counters.completed, counters.failed, counters.panicked) = (completed, failed, panicked);
        counters
    }

    #[test]
    fn requests_say_how_an_instance_is_once_there_are_enough_of_them() {
        use HealthStatus::{Degraded, Unhealthy};
        for (completed, failed, panicked, status) in [
            (0, 0, 0, None),
            (0, 9, 0, None),
            (90, 10, 0, None),
            (89, 11, 0, Some(Degraded)),
            (0, 10, 0, Some(Unhealthy)),
            (5, 0, 1, Some(Degraded)),
            (99, 0, 1, Some(Degraded)),
            (80, 0, 20, Some(Unhealthy)),
        ] {
            let found = SETTINGS.judge(counters(0, 0, 0), counters(completed, failed, panicked));
            let found = found.as_ref().map(Health::status);
            assert_eq!(found, status, "{completed} {failed} {panicked}");
        }
        // Whole files, for instance, that the server dropped after their last byte.
        let mut dropped = counters(0, 10, 0);
        dropped.abandoned = 90;
        assert!(SETTINGS.judge(counters(0, 0, 0), dropped).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn what_happened_before_the_window_is_forgotten() {
        let mut window = Window::new(SETTINGS);
        let mut look = |after: u64, counters| {
            let now = Instant::now() + Duration::from_secs(after);
            window.look(now, counters).map(|found| found.status())
        };
        assert_eq!(look(10, counters(0, 20, 0)), Some(HealthStatus::Unhealthy));
        assert_eq!(look(40, counters(50, 20, 0)), Some(HealthStatus::Degraded));
        assert_eq!(look(69, counters(50, 20, 0)), Some(HealthStatus::Degraded));
        assert_eq!(look(70, counters(60, 20, 0)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn window_shorter_than_the_interval_reaches_back_to_the_look_before() {
        let mut window = Window::new(PassiveHealth {
            window: Duration::from_secs(1),
            ..SETTINGS
        });
        let now = Instant::now();
        let bad = window.look(now + Duration::from_secs(10), counters(0, 10, 0));
        assert!(bad.is_some());
        let good = window.look(now + Duration::from_secs(20), counters(10, 10, 0));
        assert_eq!(good, None);
        assert!(window.samples.len() <= 2);
    }
}
