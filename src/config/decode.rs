use std::error::Error;
use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use super::pointer::join;

/// Why a config was refused: where, and what must hold there.
///
/// ```
/// # use serde_json::json;
/// # use tower_plugin::{BoxError, PluginManager, plugin_fn};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
/// let manager = PluginManager::new();
/// let start = |limits: std::collections::BTreeMap<String, u32>| async move { Ok::<_, BoxError>(limits) };
/// manager.register("limits", plugin_fn(start)).await?;
///
/// let error = manager.update_config("limits", json!({"geo": "many"})).await.unwrap_err();
/// let refused = error.config_error().expect("the config is refused");
/// assert_eq!(refused.pointer(), "/geo");
/// assert!(refused.to_string().contains("invalid type"));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigError {
    pointer: String,
    message: String,
}

impl ConfigError {
    pub(crate) fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            message: message.into(),
        }
    }

    /// JSON pointer (RFC 6901) to the offending place; empty for the config as a whole.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// What is wrong there.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pointer.as_str() {
            "" => write!(f, "config refused: {}", self.message),
            pointer => write!(f, "config refused at `{pointer}`: {}", self.message),
        }
    }
}

impl Error for ConfigError {}

/// Reads a config as the plugin's type.
pub(crate) fn decode<T: DeserializeOwned>(config: &Value) -> Result<T, ConfigError> {
    let refused = match serde_path_to_error::deserialize(config) {
        Ok(decoded) => return Ok(decoded),
        Err(refused) => refused,
    };
    // A plugin that takes `()` has no config, and no config is written `{}`.
    let empty = config.as_object().is_some_and(serde_json::Map::is_empty);
    if let (true, Ok(decoded)) = (empty, T::deserialize(Value::Null)) {
        return Ok(decoded);
    }
    Err(ConfigError::new(
        pointer(refused.path()),
        refused.inner().to_string(),
    ))
}

fn pointer(path: &Path) -> String {
    path.iter()
        .fold(String::new(), |pointer, segment| match segment {
            Segment::Seq { index } => format!("{pointer}/{index}"),
            Segment::Map { key } => join(&pointer, key),
            Segment::Enum { variant } => join(&pointer, variant),
            Segment::Unknown => pointer,
        })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its deserialization is looked at")]
    struct Limits {
        networks: BTreeMap<String, Vec<u8>>,
    }

    #[test]
    fn refusal_points_at_the_offending_place() {
        let error = decode::<Limits>(&json!({"networks": {"a/b~": [1, 300]}})).unwrap_err();
        assert_eq!(error.pointer(), "/networks/a~1b~0/1");
        assert!(error.message().contains("300"), "{error}");
    }

    #[test]
    fn unknown_field_is_named() {
        let error = decode::<Limits>(&json!({"networks": {}, "netwroks": {}})).unwrap_err();
        assert!(error.to_string().contains("netwroks"), "{error}");
    }

    #[test]
    fn empty_object_is_no_config_but_null_stands_for_nothing_else() {
        assert!(decode::<()>(&json!({})).is_ok());
        assert!(decode::<()>(&json!({"a": 1})).is_err());
        assert!(
            decode::<Limits>(&json!({}))
                .unwrap_err()
                .message()
                .contains("networks")
        );
    }
}
