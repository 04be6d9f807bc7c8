//! Times on the wire, and points in time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serializer;
use tokio::time::Instant;

/// As good as never, and less than a clock can count.
const NEVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// That long from now. Points in time have an end: what would be beyond is as good as never.
pub(crate) fn after(time: Duration) -> Instant {
    Instant::now() + time.min(NEVER)
}

/// Seconds since 1970; 0 for a clock that stands before it.
pub(crate) fn to_unix(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

pub(crate) fn unix_seconds<S: Serializer>(
    time: &SystemTime,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(to_unix(*time))
}

/// Whole milliseconds.
pub(crate) fn millis<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_time_is_too_long_to_be_after() {
        let second = Duration::from_secs(1);
        assert_eq!(after(second), Instant::now() + second);
        assert_eq!(after(Duration::MAX), Instant::now() + NEVER);
    }
}
