use std::time::Duration;

use tower_plugin_gate::{Counters, Share};

/// For how long a new generation is on trial, and what it must not do meanwhile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TrialRules {
    /// Zero for none.
    pub(crate) probation: Duration,
    pub(crate) confirm_within: Option<Duration>,
    pub(crate) canary: Option<Share>,
    pub(crate) max_error_rate: Option<f64>,
    pub(crate) min_requests: u64,
}

/// What one operation says of them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct TrialOptions {
    pub(crate) probation: Option<Duration>,
    pub(crate) confirm_within: Option<Duration>,
    pub(crate) canary: Option<Share>,
    pub(crate) max_error_rate: Option<f64>,
    pub(crate) min_requests: Option<u64>,
}

impl Default for TrialRules {
    fn default() -> Self {
        Self {
            probation: Duration::ZERO,
            confirm_within: None,
            canary: None,
            max_error_rate: None,
            min_requests: 20,
        }
    }
}

impl TrialRules {
    /// Whether there is to be a trial at all.
    pub(crate) fn is_some(&self) -> bool {
        !self.probation.is_zero() || self.confirm_within.is_some() || self.canary.is_some()
    }

    /// As one operation wants them.
    pub(crate) fn with(self, options: &TrialOptions) -> Self {
        Self {
            probation: options.probation.unwrap_or(self.probation),
            confirm_within: options.confirm_within.or(self.confirm_within),
            canary: options.canary.or(self.canary),
            max_error_rate: options.max_error_rate.or(self.max_error_rate),
            min_requests: options.min_requests.unwrap_or(self.min_requests),
        }
    }

    /// How long to wait before the counters are read again: a hundredth of the probation, but
    /// neither less than 100 ms nor more than a second.
    pub(super) fn look_every(&self) -> Duration {
        (self.probation / 100).clamp(Duration::from_millis(100), Duration::from_secs(1))
    }

    /// What is wrong with the requests of the new generation, beside those of the old one.
    pub(super) fn breach(&self, new: Counters, old: Counters) -> Option<String> {
        let max = self.max_error_rate?;
        if finished(new) < self.min_requests.max(1) {
            return None;
        }
        let (new_rate, old_rate) = (error_rate(new), error_rate(old));
        (new_rate > max && new_rate > old_rate).then(|| {
            let (percent, before) = (new_rate * 100.0, old_rate * 100.0);
            let (max, requests) = (max * 100.0, ended(new));
            format!(
                "{percent:.1} % of {requests} requests failed, where {max:.1} % may, and {before:.1} % did before"
            )
        })
    }
}

impl TrialOptions {
    /// Whether they ask for a trial, or say what it is judged by.
    pub(crate) fn asks(&self) -> bool {
        let judges = self.max_error_rate.is_some() || self.min_requests.is_some();
        judges || TrialRules::default().with(self).is_some()
    }
}

/// How many requests there is something to be said of.
pub(crate) fn finished(counters: Counters) -> u64 {
    counters.completed + errors(counters)
}

pub(crate) fn errors(counters: Counters) -> u64 {
    counters.failed + counters.panicked
}

/// How many requests the errors are among. One whose body was dropped before its end has not
/// failed: a file whose length was announced is dropped by the server after its last byte.
fn ended(counters: Counters) -> u64 {
    finished(counters) + counters.abandoned
}

fn error_rate(counters: Counters) -> f64 {
    match ended(counters) {
        0 => 0.0,
        ended => errors(counters) as f64 / ended as f64,
    }
}

/// What was counted since.
pub(super) fn since(now: Counters, then: Counters) -> Counters {
    let mut since = now;
    since.completed = now.completed.saturating_sub(then.completed);
    since.failed = now.failed.saturating_sub(then.failed);
    since.panicked = now.panicked.saturating_sub(then.panicked);
    since.abandoned = now.abandoned.saturating_sub(then.abandoned);
    since
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(completed: u64, failed: u64, panicked: u64) -> Counters {
        let mut counters = Counters::default();
        (counters.completed, counters.failed, counters.panicked) = (completed, failed, panicked);
        counters
    }

    #[test]
    fn error_rate_counts_from_min_requests_above_the_limit_and_above_the_old_one() {
        let rules = TrialRules {
            max_error_rate: Some(0.1),
            min_requests: 10,
            ..TrialRules::default()
        };
        for (new, old, is_breach) in [
            (counters(0, 9, 0), counters(0, 0, 0), false),
            (counters(8, 2, 0), counters(0, 0, 0), true),
            (counters(8, 0, 2), counters(100, 0, 0), true),
            (counters(9, 1, 0), counters(100, 0, 0), false),
            (counters(5, 5, 0), counters(5, 5, 0), false),
            (counters(5, 5, 0), counters(1, 99, 0), false),
            (counters(10, 0, 0), counters(0, 0, 0), false),
        ] {
            assert_eq!(
                rules.breach(new, old).is_some(),
                is_breach,
                "{new:?} {old:?}"
            );
        }
        // Not enough is known of those that were dropped, but they have not failed.
        let mut dropped = counters(0, 25, 0);
        dropped.abandoned = 475;
        assert_eq!(rules.breach(dropped, counters(0, 0, 0)), None);
        dropped.abandoned = 25;
        let breach = rules.breach(dropped, counters(0, 0, 0));
        assert!(breach.is_some_and(|breach| breach.starts_with("50.0 % of 50 requests")));
        let lenient = TrialRules::default();
        assert_eq!(lenient.breach(counters(0, 100, 0), counters(9, 0, 0)), None);
    }

    #[test]
    fn operation_has_the_last_word() {
        let rules = TrialRules {
            probation: Duration::from_secs(5),
            ..TrialRules::default()
        };
        let none = TrialOptions {
            probation: Some(Duration::ZERO),
            ..TrialOptions::default()
        };
        assert!(rules.is_some() && !rules.with(&none).is_some());
        assert!(!none.asks());
        let judged = TrialOptions {
            max_error_rate: Some(0.1),
            ..none
        };
        assert!(judged.asks() && !rules.with(&judged).is_some());
    }

    #[test]
    fn counters_are_read_a_hundred_times_but_not_too_often() {
        let every = |seconds| {
            let probation = Duration::from_secs(seconds);
            let rules = TrialRules {
                probation,
                ..TrialRules::default()
            };
            rules.look_every()
        };
        assert_eq!(every(0), Duration::from_millis(100));
        assert_eq!(every(60), Duration::from_millis(600));
        assert_eq!(every(3600), Duration::from_secs(1));
    }
}
