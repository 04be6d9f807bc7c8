use std::{borrow::Cow, time::Duration};

use serde_json::Value;
use tokio::time;
use tower_plugin::{BoxError, Health, Plugin, StartContext};

use super::{Config, Limiter};

/// How often networks are forgotten that have made no request for a while. The memory for them is
/// bounded by that: a network is remembered for so long, and a moment for each of its requests.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// The plugin `ratelimit-geo`.
#[derive(Clone, Copy, Debug)]
pub struct RateLimitGeo;

impl Plugin for RateLimitGeo {
    type Config = Config;
    type Instance = Limiter;

    async fn start(&self, config: Config, cx: StartContext) -> Result<Limiter, BoxError> {
        let limiter = Limiter::new(&config);
        let sweeping = sweep(limiter.clone());
        cx.tracker()
            .spawn(cx.token().clone().run_until_cancelled_owned(sweeping));
        Ok(limiter)
    }

    async fn check(&self, limiter: &Limiter) -> Health {
        Health::healthy().detail("tracked_networks", limiter.tracked())
    }

    fn version(&self) -> Cow<'_, str> {
        env!("CARGO_PKG_VERSION").into()
    }

    fn description(&self) -> Cow<'_, str> {
        "Limits how many requests each client network may make.".into()
    }

    fn config_schema(&self) -> Option<Value> {
        Some(schemars::schema_for!(Config).to_value())
    }
}

async fn sweep(limiter: Limiter) {
    let mut ticks = time::interval(SWEEP_INTERVAL);
    loop {
        ticks.tick().await;
        limiter.sweep();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tower_plugin::PluginManager;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn networks_that_have_their_burst_again_are_forgotten() {
        let manager = PluginManager::new();
        let plugin = manager.register("ratelimit-geo", RateLimitGeo);
        // So fast that a request is made up for by the time it has been counted.
        let plugin = plugin.config(json!({"requests_per_second": 1_000_000_000}));
        let plugin = plugin.await.unwrap();
        let limiter = plugin.enter().unwrap().instance().clone();

        time::sleep(SWEEP_INTERVAL / 2).await;
        limiter.check([192, 0, 2, 1].into()).unwrap();
        assert_eq!(limiter.tracked(), 1);
        time::sleep(SWEEP_INTERVAL).await;
        assert_eq!(limiter.tracked(), 0);

        let report = manager.disable("ratelimit-geo").await.unwrap();
        assert_eq!(
            report.stop_error, None,
            "the sweeping ends with the instance"
        );
    }
}
