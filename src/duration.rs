//! Go's notation for durations, which the admin interface speaks: `2h15m30s`, `1m0s`, `1.5s`.

mod parse;

use std::fmt;
use std::time::Duration;

pub use parse::ParseDurationError;

/// Shows a duration as Go's `time.Duration` does, and reads what Go does.
///
/// ```
/// use std::time::Duration;
/// use tower_plugin::GoDuration;
///
/// assert_eq!(GoDuration(Duration::from_secs(8130)).to_string(), "2h15m30s");
/// assert_eq!(GoDuration(Duration::from_secs(60)).to_string(), "1m0s");
/// assert_eq!(GoDuration(Duration::from_millis(1500)).to_string(), "1.5s");
/// assert_eq!(GoDuration(Duration::from_micros(90)).to_string(), "90µs");
/// assert_eq!(GoDuration(Duration::ZERO).to_string(), "0s");
/// assert_eq!("1m30s".parse(), Ok(GoDuration(Duration::from_secs(90))));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoDuration(
    /// The duration to show.
    pub Duration,
);

impl GoDuration {
    /// Cut to whole seconds, as uptimes are shown.
    #[must_use]
    pub const fn whole_seconds(self) -> Self {
        Self(Duration::from_secs(self.0.as_secs()))
    }
}

impl fmt::Display for GoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, nanos) = (self.0.as_secs(), u64::from(self.0.subsec_nanos()));
        if seconds == 0 && nanos > 0 {
            // Below a second Go takes the largest unit that keeps a digit before the point.
            return match nanos {
                1_000_000.. => decimal(f, nanos, 1_000_000, "ms"),
                1_000.. => decimal(f, nanos, 1_000, "µs"),
                _ => decimal(f, nanos, 1, "ns"),
            };
        }
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if hours > 0 || minutes > 0 {
            write!(f, "{minutes}m")?;
        }
        decimal(f, seconds % 60 * 1_000_000_000 + nanos, 1_000_000_000, "s")
    }
}

impl serde::Serialize for GoDuration {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Writes `value / unit` without trailing zeros.
fn decimal(f: &mut fmt::Formatter<'_>, value: u64, unit: u64, suffix: &str) -> fmt::Result {
    write!(f, "{}", value / unit)?;
    let fraction = value % unit;
    if fraction > 0 {
        let digits = unit.ilog10() as usize;
        let padded = format!("{fraction:0digits$}");
        write!(f, ".{}", padded.trim_end_matches('0'))?;
    }
    f.write_str(suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_go_shows() {
        for (nanos, shown) in [
            (0, "0s"),
            (1, "1ns"),
            (1_100, "1.1µs"),
            (2_200_000, "2.2ms"),
            (999_999_999, "999.999999ms"),
            (3_300_000_000, "3.3s"),
            (60_000_000_000, "1m0s"),
            (245_000_000_000, "4m5s"),
            (245_001_000_000, "4m5.001s"),
            (3_600_000_000_000, "1h0m0s"),
            (18_367_001_000_000, "5h6m7.001s"),
            (480_000_000_001, "8m0.000000001s"),
        ] {
            assert_eq!(GoDuration(Duration::from_nanos(nanos)).to_string(), shown);
        }
    }

    #[test]
    fn uptime_is_cut_to_whole_seconds() {
        let uptime = GoDuration(Duration::from_millis(61_999)).whole_seconds();
        assert_eq!(uptime.to_string(), "1m1s");
    }
}
