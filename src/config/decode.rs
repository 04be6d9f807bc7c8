use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use super::pointer::join;
use crate::ConfigError;

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
    let (pointer, message) = (pointer(refused.path()), refused.inner().to_string());
    Err(match missing(&message) {
        Some(name) => ConfigError::new(join(&pointer, name), "must be set: missing field"),
        None if pointer.is_empty() && message.ends_with(", expected unit") => {
            ConfigError::new(pointer, "must be `{}`: the plugin has nothing to configure")
        }
        None => ConfigError::new(pointer, demand(message)),
    })
}

/// The field that is missing.
fn missing(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.strip_suffix('`')
}

/// What must hold, from serde's words for what does not.
fn demand(message: String) -> String {
    const MISTAKES: [&str; 4] = [
        "invalid type",
        "invalid value",
        "invalid length",
        "unknown variant",
    ];
    if message.starts_with("unknown field") {
        return format!("must not be set: {message}");
    }
    match message.split_once(", expected ") {
        Some((found, expected)) if MISTAKES.iter().any(|mistake| found.starts_with(mistake)) => {
            format!("must be {expected}: {found}")
        }
        _ => message,
    }
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
        assert_eq!(error.message(), "must be u8: invalid value: integer `300`");
    }

    #[test]
    fn unknown_field_is_named() {
        let error = decode::<Limits>(&json!({"networks": {}, "netwroks": {}})).unwrap_err();
        assert!(error.to_string().contains("netwroks"), "{error}");
    }

    #[test]
    fn empty_object_is_no_config_but_null_stands_for_nothing_else() {
        assert!(decode::<()>(&json!({})).is_ok());
        let unwanted = decode::<()>(&json!({"a": 1})).unwrap_err();
        assert_eq!(
            unwanted.message(),
            "must be `{}`: the plugin has nothing to configure"
        );
        let missing = decode::<Limits>(&json!({})).unwrap_err();
        assert_eq!(
            (missing.pointer(), missing.message()),
            ("/networks", "must be set: missing field")
        );
    }
}
