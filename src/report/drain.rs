use std::time::Duration;

use serde::Serialize;
use tower_plugin_gate::{InFlightRequest, PhaseCounts};

use super::requests::{phases, tracked};
use crate::time::millis;

/// What became of the requests that were inside when a gate was closed.
///
/// `completed + cancelled + remaining` is how many there were.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DrainReport {
    /// How long they were waited for; whole milliseconds on the wire.
    #[serde(rename = "waited_ms", serialize_with = "millis")]
    pub waited: Duration,
    /// Left by themselves.
    pub completed: usize,
    /// Left because they were cancelled when the deadline passed.
    pub cancelled: usize,
    /// Still inside: nobody polls their body, or they do not listen. They keep the old instance
    /// in memory until they leave.
    pub remaining: usize,
    /// How far those had got who are still inside: see [`Gate::phases`](crate::gate::Gate::phases)
    /// for how exact that is.
    #[serde(serialize_with = "phases")]
    pub remaining_by_phase: PhaseCounts,
    /// Those who are still inside, the oldest first and
    /// [`MAX_REMAINING_REQUESTS`](Self::MAX_REMAINING_REQUESTS) of them at most; `None`, and absent
    /// on the wire, where they are not [tracked](crate::Registration::track_requests).
    #[serde(serialize_with = "tracked", skip_serializing_if = "Option::is_none")]
    pub remaining_requests: Option<Vec<InFlightRequest>>,
}

impl DrainReport {
    /// How many of those who are still inside are told one by one.
    pub const MAX_REMAINING_REQUESTS: usize = 100;

    /// Whether the deadline passed before everybody had left.
    #[must_use]
    pub fn is_forced(&self) -> bool {
        self.cancelled > 0 || self.remaining > 0
    }
}
