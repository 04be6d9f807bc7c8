use serde_json::{Map, Value};

use super::{defaults, numbers, publish, secrets};
use crate::ConfigError;
use crate::config::Secrets;

/// What is known of a plugin's configs: where their secrets are, and what its schema says.
///
/// Made once, when the plugin is registered.
#[derive(Debug)]
pub(crate) struct Schema {
    schema: Option<Value>,
    published: Option<Value>,
    secrets: Secrets,
    #[cfg(feature = "validate")]
    validator: Option<super::validate::Validator>,
}

impl Schema {
    /// Says what is wrong with a schema that is none.
    pub(crate) fn new<S: AsRef<str>>(
        schema: Option<Value>,
        secret_fields: impl IntoIterator<Item = S>,
    ) -> Result<Self, String> {
        let secrets = secrets::find(schema.as_ref(), secret_fields)?;
        let schema = schema.map(numbers::bound);
        let new = Self {
            #[cfg(feature = "validate")]
            validator: schema
                .as_ref()
                .map(super::validate::Validator::new)
                .transpose()?,
            published: schema
                .as_ref()
                .map(|schema| publish::publish(schema, &secrets)),
            schema,
            secrets,
        };
        let nothing = Value::Object(Map::new());
        match new.effective(&nothing) {
            Ok(_) => Ok(new),
            Err(_) => Err("its defaults hold themselves without end".to_owned()),
        }
    }

    /// The schema as it may be shown.
    pub(crate) fn published(&self) -> Option<&Value> {
        self.published.as_ref()
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The config with the schema's defaults for what is left out, and integers written as such.
    pub(crate) fn effective(&self, config: &Value) -> Result<Value, ConfigError> {
        let mut effective = config.clone();
        if let Some(schema) = &self.schema {
            defaults::fill(schema, &mut effective)?;
        }
        Ok(effective)
    }

    /// Checks a config that has its defaults.
    #[cfg(feature = "validate")]
    pub(crate) fn check(&self, effective: &Value) -> Result<(), ConfigError> {
        match &self.validator {
            Some(validator) => validator.check(effective, &self.secrets),
            None => Ok(()),
        }
    }

    /// Checks a config that has its defaults: without the feature `validate` only its type does.
    #[cfg(not(feature = "validate"))]
    #[expect(clippy::unused_self, reason = "as with the feature")]
    pub(crate) fn check(&self, _: &Value) -> Result<(), ConfigError> {
        Ok(())
    }
}
