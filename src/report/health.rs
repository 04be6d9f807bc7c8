use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde_json::{Map, Value};
use tower_plugin_gate::PluginState;

use super::list::state;
use crate::HealthStatus;
use crate::time::{millis, unix_seconds};

/// Health of a plugin as it is shown: that of its instance, or that it is between two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ReportedHealth {
    /// It works, or it is disabled on purpose.
    Healthy,
    /// It works, but not as it should; or it serves as it was before its stored config was edited,
    /// because that cannot be read or does not start.
    Degraded,
    /// It does not work, or it has failed.
    Unhealthy,
    /// It is being started, exchanged or stopped.
    Transitioning,
}

impl From<HealthStatus> for ReportedHealth {
    fn from(status: HealthStatus) -> Self {
        match status {
            HealthStatus::Healthy => Self::Healthy,
            HealthStatus::Degraded => Self::Degraded,
            HealthStatus::Unhealthy => Self::Unhealthy,
        }
    }
}

/// Health of one plugin, from its last check.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct PluginHealth {
    /// How it is.
    pub status: ReportedHealth,
    /// Where it is in its life.
    #[serde(serialize_with = "state")]
    pub state: PluginState,
    /// When that was found out, in seconds since 1970 on the wire.
    #[serde(serialize_with = "unix_seconds")]
    pub last_check: SystemTime,
    /// How long ago that was; whole milliseconds on the wire.
    #[serde(rename = "age_ms", serialize_with = "millis")]
    pub age: Duration,
    /// How many checks in a row found it unhealthy, up to the last one. Below the plugin's
    /// [failure threshold](crate::Registration::failure_threshold) they do not count yet, but
    /// `message` says what is wrong.
    pub consecutive_failures: u32,
    /// `active_requests`, and whatever the plugin's own check reports.
    pub checks: Map<String, Value>,
    /// What is wrong, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// How many plugins are healthy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HealthSummary {
    /// Those that are. A disabled plugin is; one in transition is if it was before.
    pub healthy_count: usize,
    /// The others.
    pub unhealthy_count: usize,
    /// All.
    pub total_count: usize,
    /// Healthy when every plugin is, unhealthy when none is, else degraded.
    pub overall_status: HealthStatus,
}

impl HealthSummary {
    pub(crate) fn new(healthy_count: usize, total_count: usize) -> Self {
        let overall_status = match healthy_count {
            all if all == total_count => HealthStatus::Healthy,
            0 => HealthStatus::Unhealthy,
            _ => HealthStatus::Degraded,
        };
        let unhealthy_count = total_count - healthy_count;
        Self {
            healthy_count,
            unhealthy_count,
            total_count,
            overall_status,
        }
    }
}

/// Health of every plugin.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct HealthReport {
    /// Healthy when every plugin is, unhealthy when none is, else degraded.
    pub overall_status: HealthStatus,
    /// Each by its name.
    pub plugins: BTreeMap<String, PluginHealth>,
    /// When it was asked, in seconds since 1970 on the wire.
    #[serde(serialize_with = "unix_seconds")]
    pub timestamp: SystemTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overall_status_is_healthy_for_all_unhealthy_for_none_else_degraded() {
        for (healthy, total, overall) in [
            (0, 0, HealthStatus::Healthy),
            (2, 2, HealthStatus::Healthy),
            (1, 2, HealthStatus::Degraded),
            (0, 2, HealthStatus::Unhealthy),
        ] {
            let summary = HealthSummary::new(healthy, total);
            assert_eq!(summary.overall_status, overall);
            assert_eq!(summary.healthy_count + summary.unhealthy_count, total);
        }
    }
}
