//! The secret that a client shows to be let in.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::Deserialize;
use thiserror::Error;

/// A bearer token, which is a secret: it is not printed.
///
/// # Examples
///
/// ```
/// use keyserver::token::Token;
///
/// let token: Token = "mF_9.B5f-4.1JqM".parse()?;
/// assert_eq!(format!("{token:?}"), "Token(***)");
/// assert!("two words".parse::<Token>().is_err());
/// # Ok::<(), keyserver::token::TokenError>(())
/// ```
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[!-~]+$"))]
#[schemars(description = "A bearer token, which is a secret: it is not printed.")]
pub struct Token(String);

/// A text that is no token: nobody could ever send it.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("a token must be one or more printable ASCII characters without spaces")]
#[non_exhaustive]
pub struct TokenError;

impl Token {
    /// The secret itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Token {
    type Error = TokenError;

    fn try_from(token: String) -> Result<Self, TokenError> {
        let is_sendable = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        is_sendable.then_some(Self(token)).ok_or(TokenError)
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(token: &str) -> Result<Self, TokenError> {
        token.to_owned().try_into()
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
    fn token_that_cannot_be_sent_is_refused() {
        for token in ["", " ", "a b", "a\n", "ä"] {
            assert_eq!(token.parse::<Token>().unwrap_err(), TokenError, "{token:?}");
        }
    }
}
