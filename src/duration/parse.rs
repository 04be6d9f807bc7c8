use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::GoDuration;

/// A text that is no duration in Go's notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseDurationError;

impl fmt::Display for ParseDurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a duration: write `1m30s`, `5s` or `250ms`")
    }
}

impl std::error::Error for ParseDurationError {}

/// Reads what Go's `time.ParseDuration` does, but for signs: durations here are never negative.
impl FromStr for GoDuration {
    type Err = ParseDurationError;

    fn from_str(text: &str) -> Result<Self, ParseDurationError> {
        if text == "0" {
            return Ok(Self(Duration::ZERO));
        }
        let (mut rest, mut nanos) = (text, 0_u64);
        while !rest.is_empty() {
            let (value, after) = split(rest, |c| c.is_ascii_digit() || c == '.')?;
            let (unit, after) = split(after, |c| !c.is_ascii_digit() && c != '.')?;
            let part = scaled(value, nanos_of(unit)?)?;
            nanos = nanos.checked_add(part).ok_or(ParseDurationError)?;
            rest = after;
        }
        match text {
            "" => Err(ParseDurationError),
            _ => Ok(Self(Duration::from_nanos(nanos))),
        }
    }
}

/// Splits off the start that is made of such characters; there must be some.
fn split(text: &str, of: impl Fn(char) -> bool) -> Result<(&str, &str), ParseDurationError> {
    let end = text.find(|c| !of(c)).unwrap_or(text.len());
    match text.split_at(end) {
        ("", _) => Err(ParseDurationError),
        parts => Ok(parts),
    }
}

fn nanos_of(unit: &str) -> Result<u64, ParseDurationError> {
    Ok(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return Err(ParseDurationError),
    })
}

/// `value` times `unit`, cut to whole nanoseconds.
fn scaled(value: &str, unit: u64) -> Result<u64, ParseDurationError> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    if whole.is_empty() && fraction.is_empty() {
        return Err(ParseDurationError);
    }
    let digits = |text: &str| match text {
        "" => Ok(0),
        text => text.parse::<u64>().map_err(|_| ParseDurationError),
    };
    if fraction.contains('.') {
        return Err(ParseDurationError);
    }
    // More digits than any unit has nanoseconds.
    let fraction = fraction.get(..15).unwrap_or(fraction);
    let tenths = 10_u128.pow(fraction.len() as u32);
    let part = u128::from(digits(fraction)?) * u128::from(unit) / tenths;
    let whole = u128::from(digits(whole)?) * u128::from(unit);
    u64::try_from(whole + part).map_err(|_| ParseDurationError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_go_reads() {
        for (text, nanos) in [
            ("0", 0),
            ("0s", 0),
            ("5s", 5_000_000_000),
            ("1m0s", 60_000_000_000),
            ("1.5s", 1_500_000_000),
            (".5s", 500_000_000),
            ("1.s", 1_000_000_000),
            ("2h15m30s", 8_130_000_000_000),
            ("250ms", 250_000_000),
            ("90µs", 90_000),
            ("90us", 90_000),
            ("0.3333333333333333333h", 1_199_999_999_999),
        ] {
            let read = text.parse::<GoDuration>();
            assert_eq!(read, Ok(GoDuration(Duration::from_nanos(nanos))), "{text}");
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in [
            "",
            "5",
            "s",
            "-1s",
            "+1s",
            "5 s",
            "5S",
            ".s",
            "1.2.3s",
            "1e3s",
            "5d",
            "999999999h",
            "5s ",
            "99999999999999999999s",
        ] {
            assert_eq!(
                text.parse::<GoDuration>(),
                Err(ParseDurationError),
                "{text}"
            );
        }
    }
}
