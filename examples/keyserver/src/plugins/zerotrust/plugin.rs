use std::borrow::Cow;

use serde_json::Value;
use tower_plugin::{BoxError, Health, Plugin, StartContext};

use super::{Access, Config};

/// The plugin `zerotrust`.
#[derive(Clone, Copy, Debug)]
pub struct ZeroTrust;

impl Plugin for ZeroTrust {
    type Config = Config;
    type Instance = Access;

    async fn start(&self, config: Config, _: StartContext) -> Result<Access, BoxError> {
        Ok(Access::new(&config))
    }

    async fn check(&self, access: &Access) -> Health {
        if access.is_closed() {
            return Health::degraded("a token is required and there is none: nobody can send keys");
        }
        Health::healthy()
    }

    fn version(&self) -> Cow<'_, str> {
        env!("CARGO_PKG_VERSION").into()
    }

    fn description(&self) -> Cow<'_, str> {
        "Says who may send keys.".into()
    }

    fn config_schema(&self) -> Option<Value> {
        Some(schemars::schema_for!(Config).to_value())
    }
}
