use std::{collections::BTreeMap, num::NonZeroU32};

use schemars::JsonSchema;
use serde::Deserialize;

use super::Network;

/// What `ratelimit-geo` is configured with; each field may be left out.
///
/// # Examples
///
/// ```
/// use keyserver::plugins::ratelimit_geo::Config;
///
/// let config: Config = serde_json::from_str(r#"{"networks": {"10.0.0.0/8": 50}}"#)?;
/// assert_eq!((config.requests_per_second.get(), config.burst.get()), (200, 400));
///
/// assert!(serde_json::from_str::<Config>(r#"{"burst": 0}"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(description = "What `ratelimit-geo` is configured with; each field may be left out.")]
pub struct Config {
    /// How many requests a client network may make in a second, in the long run. Default: 200.
    pub requests_per_second: NonZeroU32,
    /// How many it may make at once when it has made none for a while. Default: 400.
    pub burst: NonZeroU32,
    /// Networks with a rate of their own, in requests per second. Default: none.
    #[schemars(with = "BTreeMap<String, NonZeroU32>")]
    pub networks: BTreeMap<Network, NonZeroU32>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            requests_per_second: const { NonZeroU32::new(200).unwrap() },
            burst: const { NonZeroU32::new(400).unwrap() },
            networks: BTreeMap::new(),
        }
    }
}
