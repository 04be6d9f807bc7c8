//! The command line.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Parser;
use thiserror::Error;

use crate::token::Token;

/// An OpenPGP key server whose plugins can be reloaded while it serves.
#[derive(Clone, Debug, Parser)]
#[command(version)]
pub struct Args {
    /// Where to serve keys; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:11371")]
    pub listen: SocketAddr,
    /// Where to serve the administration of plugins; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:11372")]
    pub admin: SocketAddr,
    /// Where the plugins' configs are kept; in memory unless given
    #[arg(long, value_name = "DIR")]
    pub plugin_dir: Option<PathBuf>,
    /// The bearer token that administration asks for; without, it is open to this machine only
    #[arg(long, value_name = "TOKEN")]
    pub admin_token: Option<Token>,
    /// A name that administration is reached by from elsewhere; may be given several times
    #[arg(long, value_name = "HOST")]
    pub admin_host: Vec<String>,
    /// How long requests are waited for when a plugin or the server stops: 60, 5s, 500ms, 2m
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub drain_timeout: Duration,
}

/// Reads `60`, `5s`, `500ms` or `2m`.
fn duration(text: &str) -> Result<Duration, DurationError> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let number: u32 = text[..text.len() - unit.len()]
        .parse()
        .map_err(|_| DurationError)?;
    let unit = match unit {
        "ms" => Duration::from_millis(1),
        "" | "s" => Duration::from_secs(1),
        "m" => Duration::from_secs(60),
        _ => return Err(DurationError),
    };
    Ok(unit * number)
}

/// A text that is no duration.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("write a duration as `60`, `5s`, `500ms` or `2m`")]
struct DurationError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_the_ports_of_hkp_on_loopback() {
        let args = Args::parse_from(["keyserver"]);
        assert_eq!(args.listen.to_string(), "127.0.0.1:11371");
        assert_eq!(args.admin.to_string(), "127.0.0.1:11372");
        assert!(args.plugin_dir.is_none() && args.admin_token.is_none());
        assert_eq!(args.drain_timeout, Duration::from_secs(60));
    }

    #[test]
    fn durations_have_units() {
        for (text, millis) in [
            ("0", 0),
            ("7", 7000),
            ("5s", 5000),
            ("20ms", 20),
            ("2m", 120_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "s", "-1s", "1.5s", "5h", "5 s", "99999999999s"] {
            assert_eq!(duration(text), Err(DurationError), "{text}");
        }
    }

    #[test]
    fn token_is_not_printed() {
        let args = Args::parse_from(["keyserver", "--admin-token", "hunter2"]);
        assert!(args.admin_token.is_some() && !format!("{args:?}").contains("hunter2"));
    }
}
