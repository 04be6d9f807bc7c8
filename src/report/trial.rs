use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::time::millis;

/// A new generation on trial beside the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TrialInfo {
    /// The one that is tried out.
    pub new: TrialSide,
    /// The one that is gone back to if it fails.
    pub previous: TrialSide,
    /// How many percent of the requests the new one is given; `None` for all.
    pub canary: Option<u8>,
    /// In what time it has passed, unless something is wrong; whole milliseconds on the wire.
    #[serde(rename = "ends_in_ms", serialize_with = "some_millis")]
    pub ends_in: Option<Duration>,
    /// In what time it must be confirmed; whole milliseconds on the wire.
    #[serde(rename = "confirm_in_ms", serialize_with = "some_millis")]
    pub confirm_in: Option<Duration>,
}

/// One of two generations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TrialSide {
    /// Its number.
    pub generation: u64,
    /// How many of its requests have completed, failed or panicked.
    pub finished: u64,
    /// How many of those failed or panicked.
    pub errors: u64,
}

fn some_millis<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => millis(time, serializer),
        None => serializer.serialize_none(),
    }
}
