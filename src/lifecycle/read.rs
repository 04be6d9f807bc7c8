use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::contain::caught;
use super::task::Lifecycle;
use crate::config::{Schema, SecretTexts, decode};
use crate::{ConfigError, GoDuration, Plugin};

/// How long reading a large config may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How many values and bytes of text a config may have to be read in passing.
const SMALL: usize = 16 * 1024;

impl<P: Plugin> Lifecycle<P> {
    /// Reads a config as the plugin's type, with its defaults, checked against its schema.
    ///
    /// A large config is read on a thread of its own, which is left behind when it takes too long.
    /// What is told quotes no secret, of this config or of the one in force.
    pub(super) async fn read(&self, config: &Value) -> Result<P::Config, ConfigError> {
        let schema = Arc::clone(&self.published.schema);
        let in_force = self.secrets.of(&self.config);
        if weight(config) <= SMALL {
            return read_caught(&schema, config, &in_force);
        }
        let config = config.clone();
        let reading = tokio::task::spawn_blocking(move || read_caught(&schema, &config, &in_force));
        match tokio::time::timeout(TIMEOUT, reading).await {
            Ok(Ok(read)) => read,
            Ok(Err(ended)) => Err(ConfigError::new("", format!("could not be read: {ended}"))),
            Err(_) => {
                let message = format!("must be read within {}", GoDuration(TIMEOUT));
                Err(ConfigError::new("", message))
            }
        }
    }
}

fn weight(value: &Value) -> usize {
    1 + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| name.len() + weight(value))
            .sum(),
        _ => 0,
    }
}

/// The type's code is the plugin's: a panic in it is that config's failure.
fn read_caught<T: DeserializeOwned>(
    schema: &Schema,
    config: &Value,
    in_force: &SecretTexts,
) -> Result<T, ConfigError> {
    let read = caught(|| read(schema, config, in_force));
    read.unwrap_or_else(|panicked| {
        let message = format!("must not make its type panic: {}", panicked.message());
        let message = schema.secrets().scrub(&message, config);
        Err(ConfigError::new("", in_force.scrub(&message)))
    })
}

fn read<T: DeserializeOwned>(
    schema: &Schema,
    config: &Value,
    in_force: &SecretTexts,
) -> Result<T, ConfigError> {
    let effective = schema.effective(config)?;
    schema.check(&effective)?;
    decode(&effective).map_err(|refused| {
        let refused = schema.secrets().scrub_refusal(refused, &effective);
        refused.map(|violation| violation.scrubbed(in_force))
    })
}
