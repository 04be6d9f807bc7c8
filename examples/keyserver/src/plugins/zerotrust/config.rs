use schemars::JsonSchema;
use serde::Deserialize;

use crate::token::Token;

/// What `zerotrust` is configured with; each field may be left out.
///
/// # Examples
///
/// ```
/// use keyserver::plugins::zerotrust::Config;
///
/// let config: Config = serde_json::from_str(r#"{"tokens": ["s3cret"]}"#)?;
/// assert!(!config.require_token);
/// assert!(serde_json::from_str::<Config>(r#"{"tokens": [""]}"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(description = "What `zerotrust` is configured with; each field may be left out.")]
pub struct Config {
    /// Whether a token is needed. Default: it is not.
    pub require_token: bool,
    /// The tokens, any of which will do; they are secret. Default: none.
    #[schemars(extend("writeOnly" = true))]
    pub tokens: Vec<Token>,
}
