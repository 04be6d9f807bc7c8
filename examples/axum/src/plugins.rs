use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::json;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_plugin::{
    BoxError, Plugin, PluginHandle, PluginManager, RegisterError, ReloadStrategy, StartContext,
    plugin_fn,
};

/// Lines, one after the other.
#[derive(Debug)]
pub(crate) struct Quotes {
    lines: Mutex<VecDeque<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuotesConfig {
    lines: VecDeque<String>,
}

impl Quotes {
    pub(crate) fn next(&self) -> String {
        let mut lines = self.lines.lock().expect("nobody panics with it");
        lines.rotate_left(1);
        lines.back().cloned().unwrap_or_default()
    }
}

/// How long the work on one report takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reports {
    work_ms: u64,
}

impl Reports {
    pub(crate) fn work(&self) -> Duration {
        Duration::from_millis(self.work_ms)
    }
}

/// The plugin that builds a layer: the header that answers are given.
#[derive(Debug)]
pub(crate) struct Branding;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BrandingConfig {
    header: String,
    value: String,
}

impl Plugin for Branding {
    type Config = BrandingConfig;
    type Instance = SetResponseHeaderLayer<HeaderValue>;

    async fn start(
        &self,
        config: BrandingConfig,
        _: StartContext,
    ) -> Result<Self::Instance, BoxError> {
        let header = HeaderName::try_from(config.header)?;
        let value = HeaderValue::try_from(config.value)?;
        Ok(SetResponseHeaderLayer::overriding(header, value))
    }
}

/// What the application has of its plugins.
#[derive(Debug, Clone)]
pub(crate) struct Plugins {
    pub(crate) quotes: PluginHandle<Quotes>,
    pub(crate) reports: PluginHandle<Reports>,
    pub(crate) branding: PluginHandle<SetResponseHeaderLayer<HeaderValue>>,
}

impl Plugins {
    pub(crate) async fn register(manager: &PluginManager) -> Result<Self, RegisterError> {
        // Where building an instance is all there is to a plugin, a closure will do.
        let quotes = plugin_fn(|config: QuotesConfig| async move {
            if config.lines.is_empty() {
                return Err("`lines` must hold at least one");
            }
            Ok(Quotes {
                lines: config.lines.into(),
            })
        });
        let reports = plugin_fn(|reports: Reports| async move { Ok::<_, BoxError>(reports) });
        Ok(Self {
            quotes: manager
                .register("quotes", quotes)
                .config(json!({"lines": ["Make it work.", "Keep it working."]}))
                .strategy(ReloadStrategy::Replace)
                .await?,
            // Only one generation works at a time: the strategy is Recreate.
            reports: manager
                .register("reports", reports)
                .config(json!({"work_ms": 500}))
                .await?,
            branding: manager
                .register("branding", Branding)
                .config(json!({"header": "x-served-by", "value": "one"}))
                .strategy(ReloadStrategy::Replace)
                .await?,
        })
    }
}
