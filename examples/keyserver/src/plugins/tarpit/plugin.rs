use std::{
    borrow::Cow,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;
use tower_plugin::{BoxError, Plugin, StartContext};

use super::{Config, Tarpit};

/// The plugin `ratelimit-tarpit`.
#[derive(Clone, Debug)]
pub struct RateLimitTarpit {
    pages: Option<PathBuf>,
}

impl RateLimitTarpit {
    /// The plugin, with the directory its pages are in.
    #[must_use]
    pub fn new(pages: Option<&Path>) -> Self {
        Self {
            pages: pages.map(Into::into),
        }
    }
}

impl Plugin for RateLimitTarpit {
    type Config = Config;
    type Instance = Tarpit;

    async fn start(&self, config: Config, _: StartContext) -> Result<Tarpit, BoxError> {
        let page = match &config.page {
            Some(page) => Some(page.read(self.pages.as_deref()).await?),
            None => None,
        };
        Ok(Tarpit::new(Duration::from_millis(config.delay_ms), page))
    }

    fn version(&self) -> Cow<'_, str> {
        env!("CARGO_PKG_VERSION").into()
    }

    fn description(&self) -> Cow<'_, str> {
        "Holds up those who look for what is not here.".into()
    }

    fn config_schema(&self) -> Option<Value> {
        Some(schemars::schema_for!(Config).to_value())
    }
}
