use std::time::SystemTime;

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};
use tower_plugin_gate::{InFlightRequest, PhaseCounts};

use crate::time::{millis, unix_seconds};

/// Who is inside a plugin.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct RequestsReport {
    /// Name of the plugin.
    pub plugin: String,
    /// Whether each request is known by itself: see
    /// [`track_requests`](crate::Registration::track_requests).
    pub tracking: bool,
    /// How many are inside, of all generations.
    pub total: usize,
    /// How many are in which phase: see [`Gate::phases`](crate::gate::Gate::phases) for how exact
    /// that is without tracking.
    #[serde(serialize_with = "phases")]
    pub phases: PhaseCounts,
    /// The oldest of them, the oldest first; none without tracking.
    #[serde(serialize_with = "requests")]
    pub requests: Vec<InFlightRequest>,
    /// When it was asked, in seconds since 1970 on the wire.
    #[serde(serialize_with = "unix_seconds")]
    pub timestamp: SystemTime,
}

pub(super) fn phases<S: Serializer>(
    phases: &PhaseCounts,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut counts = serializer.serialize_struct("PhaseCounts", 3)?;
    counts.serialize_field("head", &phases.head)?;
    counts.serialize_field("body", &phases.body)?;
    counts.serialize_field("upgraded", &phases.upgraded)?;
    counts.end()
}

/// As it is on the wire; the age in whole milliseconds.
#[derive(Serialize)]
struct Wire<'a> {
    id: u64,
    method: Option<&'a str>,
    path: Option<&'a str>,
    #[serde(serialize_with = "millis")]
    age_ms: std::time::Duration,
    phase: &'static str,
    generation: u64,
    cancelled: bool,
}

pub(super) fn requests<S: Serializer>(
    requests: &[InFlightRequest],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(requests.iter().map(|request| Wire {
        id: request.id,
        method: request.method.as_ref().map(http::Method::as_str),
        path: request.path.as_deref(),
        age_ms: request.age,
        phase: request.phase.as_str(),
        generation: request.generation,
        cancelled: request.is_cancelled,
    }))
}

pub(super) fn tracked<S: Serializer>(
    tracked: &Option<Vec<InFlightRequest>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    requests(tracked.as_deref().unwrap_or_default(), serializer)
}
