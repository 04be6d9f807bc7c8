//! The command line.

use std::{convert::Infallible, fmt, net::SocketAddr, path::PathBuf, str::FromStr};

use clap::Parser;

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
    /// The bearer token that administration asks for; none unless given
    #[arg(long, value_name = "TOKEN")]
    pub admin_token: Option<Token>,
}

/// A secret from the command line, which is never printed.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// The secret itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for Token {
    type Err = Infallible;

    fn from_str(token: &str) -> Result<Self, Infallible> {
        Ok(Self(token.to_owned()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_the_ports_of_hkp_on_loopback() {
        let args = Args::parse_from(["keyserver"]);
        assert_eq!(args.listen.to_string(), "127.0.0.1:11371");
        assert_eq!(args.admin.to_string(), "127.0.0.1:11372");
        assert!(args.plugin_dir.is_none() && args.admin_token.is_none());
    }

    #[test]
    fn token_is_not_printed() {
        let args = Args::parse_from(["keyserver", "--admin-token", "hunter2"]);
        assert_eq!(
            args.admin_token.as_ref().map(Token::reveal),
            Some("hunter2")
        );
        assert!(!format!("{args:?}").contains("hunter2"));
    }
}
