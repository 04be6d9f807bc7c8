use std::time::SystemTime;

use tokio::time::Instant;

use super::HealthSettings;
use crate::{Health, HealthStatus};

/// What is known of a generation's health. What one check says is shown at once; what counts
/// changes when enough of them say so.
#[derive(Debug, Clone)]
pub(crate) struct HealthRecord {
    /// What the checks come to.
    active: HealthStatus,
    /// What the last one said.
    last: Health,
    /// What becomes of the requests, if that is looked at and is not as it should be.
    passive: Option<Health>,
    /// When the last check was answered.
    pub(crate) checked: SystemTime,
    checked_at: Instant,
    pub(crate) consecutive_failures: u32,
    consecutive_successes: u32,
}

impl HealthRecord {
    /// That of a new generation: there is nothing to weigh its first check against.
    pub(crate) fn first(found: Health) -> Self {
        let failed = found.status() == HealthStatus::Unhealthy;
        Self {
            active: found.status(),
            last: found,
            passive: None,
            checked: SystemTime::now(),
            checked_at: Instant::now(),
            consecutive_failures: u32::from(failed),
            consecutive_successes: u32::from(!failed),
        }
    }

    /// Takes a check into account. A degraded instance works, so that is no failure.
    ///
    /// | | before: healthy, degraded | before: unhealthy |
    /// | --- | --- | --- |
    /// | healthy, degraded | that | that, after `success_threshold` in a row |
    /// | unhealthy | that, after `failure_threshold` in a row | that |
    pub(super) fn observe(&mut self, found: Health, settings: &HealthSettings) {
        (self.checked, self.checked_at) = (SystemTime::now(), Instant::now());
        let status = found.status();
        self.last = found;
        if status == HealthStatus::Unhealthy {
            self.consecutive_failures = self.consecutive_failures.saturating_add(1);
            self.consecutive_successes = 0;
            if self.consecutive_failures >= settings.failure_threshold {
                self.active = status;
            }
        } else {
            self.consecutive_successes = self.consecutive_successes.saturating_add(1);
            self.consecutive_failures = 0;
            let is_enough = self.consecutive_successes >= settings.success_threshold;
            if self.active != HealthStatus::Unhealthy || is_enough {
                self.active = status;
            }
        }
    }

    /// Takes what becomes of the requests into account, which was weighed by its window already.
    pub(super) fn observe_passive(&mut self, found: Option<Health>) {
        self.passive = found;
    }

    /// How well it works: the worse of what the checks and what the requests say.
    pub(crate) fn status(&self) -> HealthStatus {
        let passive = self.passive.as_ref().map(Health::status);
        self.active.worse(passive.unwrap_or(HealthStatus::Healthy))
    }

    /// What is wrong, in words. Told of a check that failed even while that does not count yet.
    pub(crate) fn message(&self) -> Option<&str> {
        let passive = self.passive.as_ref();
        passive
            .filter(|passive| passive.status() == self.status() && passive.status() != self.active)
            .unwrap_or(&self.last)
            .message()
            .or_else(|| passive?.message())
    }

    /// What the last check said.
    pub(crate) fn last(&self) -> &Health {
        &self.last
    }

    /// How long ago the last check was answered.
    pub(crate) fn age(&self) -> std::time::Duration {
        self.checked_at.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thresholds(failures: u32, successes: u32) -> HealthSettings {
        HealthSettings {
            failure_threshold: failures,
            success_threshold: successes,
            ..HealthSettings::default()
        }
    }

    fn observed(record: &mut HealthRecord, settings: &HealthSettings, found: &str) -> String {
        let told = found.chars().map(|letter| {
            let found = match letter {
                'h' => Health::healthy(),
                'd' => Health::degraded("slow"),
                _ => Health::unhealthy("down"),
            };
            record.observe(found, settings);
            record.status().as_str().chars().next().unwrap()
        });
        told.collect()
    }

    #[test]
    fn health_changes_after_as_many_answers_in_a_row_as_the_thresholds_say() {
        for (failures, successes, found, published) in [
            (3, 1, "uuhuuuuhd", "hhhhhuuhd"),
            (1, 1, "uhud", "uhud"),
            (1, 3, "uhhuhdh", "uuuuuuh"),
            (2, 2, "dudhuu", "dddhhu"),
        ] {
            let mut record = HealthRecord::first(Health::healthy());
            let told = observed(&mut record, &thresholds(failures, successes), found);
            assert_eq!(told, published, "{found} with {failures} and {successes}");
        }
    }

    #[test]
    fn first_check_of_a_generation_counts_at_once() {
        let record = HealthRecord::first(Health::unhealthy("down"));
        assert_eq!(record.status(), HealthStatus::Unhealthy);
        assert_eq!(record.consecutive_failures, 1);
    }

    #[test]
    fn failure_that_does_not_count_yet_is_shown_all_the_same() {
        let mut record = HealthRecord::first(Health::healthy());
        record.observe(
            Health::unhealthy("down").detail("queue", 7),
            &thresholds(3, 1),
        );
        assert_eq!(record.status(), HealthStatus::Healthy);
        assert_eq!(record.message(), Some("down"));
        assert_eq!(record.last().details()["queue"], 7);
        assert_eq!(record.consecutive_failures, 1);
    }

    #[test]
    fn worse_of_checks_and_requests_counts_and_says_why() {
        let mut record = HealthRecord::first(Health::degraded("slow"));
        record.observe_passive(Some(Health::unhealthy("errors")));
        assert_eq!(record.status(), HealthStatus::Unhealthy);
        assert_eq!(record.message(), Some("errors"));
        record.observe_passive(Some(Health::degraded("errors")));
        assert_eq!(record.message(), Some("slow"));
        record.observe(Health::healthy(), &thresholds(3, 1));
        assert_eq!(record.status(), HealthStatus::Degraded);
        assert_eq!(record.message(), Some("errors"));
        record.observe_passive(None);
        assert_eq!(record.status(), HealthStatus::Healthy);
    }
}
