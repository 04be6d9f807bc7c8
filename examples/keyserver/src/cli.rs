//! The command line.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{
    Parser,
    error::{ContextKind, ContextValue},
};
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
    /// Where the plugins' configs are kept, and edited by hand: an edit reloads its plugin at once.
    /// In memory unless given
    ///
    /// A config is a file `NAME.json`, or a link to one, and every version that was applied lies in
    /// `.history/NAME`. An edit that is broken or refused changes nothing: the log and the
    /// administration say what is wrong. A plugin has no file until its config is changed for the
    /// first time; one that is removed is missed from the next start on, when the built-in config
    /// serves.
    #[arg(long, value_name = "DIR")]
    pub plugin_dir: Option<PathBuf>,
    /// Take up edits in the plugin directory only when a plugin is reloaded
    #[arg(long, requires = "plugin_dir")]
    pub no_watch: bool,
    /// A file with the bearer tokens that administration accepts, a line for each: `name:token`, or
    /// a token alone. History and log tell changes by the name
    ///
    /// Lines that are empty or begin with `#` do not count. Only its owner should be able to read the
    /// file. Without any token, administration is open to this machine, and to no other.
    #[arg(long, value_name = "FILE", env = "KEYSERVER_ADMIN_TOKEN_FILE")]
    pub admin_token_file: Option<PathBuf>,
    /// One more token, without a name. Everybody on this machine can read it in the command line:
    /// better set it in the environment, or use a file
    #[arg(
        long,
        value_name = "TOKEN",
        env = "KEYSERVER_ADMIN_TOKEN",
        hide_env_values = true
    )]
    pub admin_token: Option<Token>,
    /// A name that administration is reached by from elsewhere; may be given several times
    #[arg(long, value_name = "HOST")]
    pub admin_host: Vec<String>,
    /// How long requests are waited for when a plugin or the server stops: 60, 5s, 500ms, 2m
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub drain_timeout: Duration,
}

impl Args {
    /// Reads the command line and the environment, or says what is wrong with them and ends the
    /// process.
    #[must_use]
    pub fn read() -> Self {
        Self::try_parse().unwrap_or_else(|error| without_token(error).exit())
    }
}

/// The same error, without what was meant to be a token.
fn without_token(mut error: clap::Error) -> clap::Error {
    let about = error.get(ContextKind::InvalidArg).map(ToString::to_string);
    if about.is_some_and(|about| about.starts_with("--admin-token ")) {
        let hidden = ContextValue::String("***".to_owned());
        error.insert(ContextKind::InvalidValue, hidden);
    }
    error
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
        assert!(args.plugin_dir.is_none() && !args.no_watch);
        assert!(args.admin_token.is_none() && args.admin_token_file.is_none());
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

        let refused = Args::try_parse_from(["keyserver", "--admin-token", "hunter 2"]);
        let told = without_token(refused.unwrap_err()).to_string();
        assert!(
            told.contains("--admin-token") && told.contains("without spaces"),
            "{told}"
        );
        assert!(!told.contains("hunter"), "{told}");
    }
}
