use schemars::JsonSchema;
use serde::Deserialize;

use super::PageName;

/// What `ratelimit-tarpit` is configured with.
///
/// # Examples
///
/// ```
/// use keyserver::plugins::tarpit::Config;
///
/// let config: Config = serde_json::from_str(r#"{"delay_ms": 2000}"#)?;
/// assert_eq!(config.delay_ms, 2000);
/// assert!(serde_json::from_str::<Config>(r#"{"delay_ms": 2000, "page": "../x.html"}"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "What `ratelimit-tarpit` is configured with.")]
pub struct Config {
    /// How long a request is held before it is answered, in milliseconds.
    pub delay_ms: u64,
    /// What it is answered with. Default: a line of text.
    pub page: Option<PageName>,
}
