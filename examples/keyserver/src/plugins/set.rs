use std::path::Path;

use serde_json::json;
use tower_plugin::{PluginHandle, PluginManager, RegisterError, ReloadStrategy};

use super::{
    ratelimit_geo::{Limiter, RateLimitGeo},
    tarpit::{RateLimitTarpit, Tarpit},
    zerotrust::{Access, ZeroTrust},
};

/// The plugins of a key server, registered.
#[derive(Clone, Debug)]
pub struct Plugins {
    /// `ratelimit-geo`.
    pub ratelimit_geo: PluginHandle<Limiter>,
    /// `zerotrust`.
    pub zerotrust: PluginHandle<Access>,
    /// `ratelimit-tarpit`.
    pub tarpit: PluginHandle<Tarpit>,
}

impl Plugins {
    /// Registers each plugin with its default config. Pages for the tarpit are looked for in
    /// `pages`.
    ///
    /// A plugin that does not start is registered all the same, and rejects.
    ///
    /// # Errors
    ///
    /// When the manager shuts down, or has plugins of these names already.
    pub async fn register(
        manager: &PluginManager,
        pages: Option<&Path>,
    ) -> Result<Self, RegisterError> {
        let ratelimit_geo = manager
            .register("ratelimit-geo", RateLimitGeo)
            .config(json!({
                "requests_per_second": 200, "burst": 400, "networks": {"10.0.0.0/8": 50}
            }))
            .strategy(ReloadStrategy::Replace)
            .required()
            .await?;
        let zerotrust = manager
            .register("zerotrust", ZeroTrust)
            .config(json!({"require_token": false, "tokens": []}))
            .strategy(ReloadStrategy::Replace)
            .await?;
        let tarpit = manager
            .register("ratelimit-tarpit", RateLimitTarpit::new(pages))
            .config(json!({"delay_ms": 2000}))
            .strategy(ReloadStrategy::Recreate)
            // Requests stay in there for long: an operator wants to see which.
            .track_requests()
            .await?;
        Ok(Self {
            ratelimit_geo,
            zerotrust,
            tarpit,
        })
    }
}
