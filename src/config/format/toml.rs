use ::toml::de::{DeTable, DeValue};
use serde_json::{Map, Number, Value};

use super::format::{position, utf8};
use crate::config::pointer::{join, segments};
use crate::{ConfigError, StoreError};

/// The config that a TOML document is. Dates and times are texts.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, StoreError> {
    let text = utf8(bytes)?;
    if text.trim().is_empty() {
        // To TOML that is a table, but more often it is a file that was cut off.
        let message = "the file is empty: say by a comment if nothing is to be set";
        return Err(StoreError::broken_at(message, (1, 1)));
    }
    let table: ::toml::Table = ::toml::from_str(text).map_err(|error| {
        // Its message alone: the rest quotes the document.
        let at = error.span().map_or(0, |span| span.start);
        StoreError::broken_at(error.message(), position(text, at))
    })?;
    from_toml(::toml::Value::Table(table), "").map_err(|NotFinite(pointer)| {
        let message = format!("`{pointer}` must be a finite number");
        StoreError::broken_at(message, position(text, start_of(text, &pointer)))
    })
}

/// The pointer to a number that no config can have.
struct NotFinite(String);

/// Where in a document the value is that a pointer leads to: 0 where it leads nowhere.
fn start_of(text: &str, pointer: &str) -> usize {
    let Ok(table) = DeTable::parse(text) else {
        return 0;
    };
    let mut start = 0;
    let mut value = DeValue::Table(table.into_inner());
    for segment in segments(pointer) {
        let inner = match value {
            DeValue::Table(mut members) => members.remove(segment.as_str()),
            DeValue::Array(items) => {
                let index = segment.parse().unwrap_or(usize::MAX);
                items.into_iter().nth(index)
            }
            _ => None,
        };
        let Some(inner) = inner else {
            return start;
        };
        start = inner.span().start;
        value = inner.into_inner();
    }
    start
}

/// A config as a TOML document, without comments.
pub(super) fn write(config: &Value) -> Result<String, ConfigError> {
    let document = to_toml(config, "")?;
    let text = ::toml::to_string_pretty(&document);
    text.map_err(|_| ConfigError::new("", "must be what TOML can say"))
}

fn from_toml(value: ::toml::Value, pointer: &str) -> Result<Value, NotFinite> {
    use ::toml::Value as T;

    Ok(match value {
        T::String(text) => text.into(),
        T::Integer(number) => number.into(),
        T::Float(number) => match Number::from_f64(number) {
            Some(number) => number.into(),
            None => return Err(NotFinite(pointer.to_owned())),
        },
        T::Boolean(is) => is.into(),
        T::Datetime(time) => time.to_string().into(),
        T::Array(items) => {
            let items = items.into_iter().enumerate();
            let items = items.map(|(index, item)| from_toml(item, &format!("{pointer}/{index}")));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        T::Table(members) => {
            let members = members.into_iter().map(|(name, value)| {
                let value = from_toml(value, &join(pointer, &name))?;
                Ok::<_, NotFinite>((name, value))
            });
            Value::Object(members.collect::<Result<Map<_, _>, _>>()?)
        }
    })
}

fn to_toml(value: &Value, pointer: &str) -> Result<::toml::Value, ConfigError> {
    use ::toml::Value as T;

    let refuse = |message: &str| Err(ConfigError::new(pointer, message));
    Ok(match value {
        Value::Null => return refuse("must be left out: the config is in TOML, which has no null"),
        Value::Bool(is) => T::Boolean(*is),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => T::Integer(number),
            (None, Some(number)) if !value.is_u64() => T::Float(number),
            _ => return refuse("must be at most 9223372036854775807: the config is in TOML"),
        },
        Value::String(text) => T::String(text.clone()),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            let items = items.map(|(index, item)| to_toml(item, &format!("{pointer}/{index}")));
            T::Array(items.collect::<Result<_, _>>()?)
        }
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| {
                let value = to_toml(value, &join(pointer, name))?;
                Ok::<_, ConfigError>((name.clone(), value))
            });
            T::Table(members.collect::<Result<_, _>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Format;
    use super::*;

    #[test]
    fn what_was_written_reads_as_the_same() {
        let config = json!({
            "a": "no", "b": [1, -2.5, 1.0, [true, {"x": "y"}]], "c": {"d": {"e": i64::MIN}},
            "f": [{"g": []}, {"g": {}}], "": "#", "k.l": "\u{0}\n\"", "1979-05-27": "1979-05-27"
        });
        let text = Format::Toml.write(&config).unwrap();
        assert_eq!(parse(text.as_bytes()).unwrap(), config, "{text}");
    }

    #[test]
    fn what_toml_cannot_say_is_refused() {
        for (config, pointer) in [
            (json!({"a": {"b/c": [1, null]}}), "/a/b~1c/1"),
            (json!({"a": u64::MAX}), "/a"),
        ] {
            let refused = Format::Toml.write(&config).unwrap_err();
            assert_eq!(refused.pointer(), pointer, "{refused}");
        }
    }

    #[test]
    fn broken_document_is_reported_with_its_place_and_not_quoted() {
        let deep = format!("s3cr3t = {}", "[".repeat(10_000));
        for (text, at) in [
            ("a = 1\nb = s3cr3t\n", Some((2, 5))),
            ("token = \"s3cr3t\n", Some((1, 16))),
            ("s3cr3t = 1\ns3cr3t = 2\n", Some((2, 1))),
            ("[a]\n[a]\nb = 's3cr3t'", Some((2, 2))),
            (" \n", Some((1, 1))),
            ("a = nan", Some((1, 5))),
            ("s = 's3cr3t'\na = [1,\n  -inf]", Some((3, 3))),
            ("[[a]]\n[[a]]\nb = {\"c/d\" = +nan}", Some((3, 14))),
            ("a = 1e999", Some((1, 5))),
            ("a.b = 1\n[c.a]\nb = 1\n\n[a]\n", Some((5, 2))),
            (&deep, Some((1, 90))),
        ] {
            let error = parse(text.as_bytes()).unwrap_err();
            assert!(error.is_broken(), "{error}");
            assert_eq!(
                error.position().is_some(),
                at.is_some(),
                "{text:.40}: {error}"
            );
            assert!(
                !format!("{error} {error:?}").contains("s3cr3t"),
                "{error:?}"
            );
            if text.len() < 100 {
                assert_eq!(error.position(), at, "{text}: {error}");
            }
        }
    }

    #[test]
    fn number_that_is_not_finite_is_named() {
        let error = parse(b"[[a]]\nb = {\"c/d\" = [1, inf]}").unwrap_err();
        let told = "`/a/0/b/c~1d/1` must be a finite number at line 2 column 18";
        assert!(error.to_string().contains(told), "{error}");
    }

    #[test]
    fn dates_are_texts() {
        let config = parse(b"at = 1979-05-27T07:32:00Z\nday = 1979-05-27").unwrap();
        assert_eq!(
            config,
            json!({"at": "1979-05-27T07:32:00Z", "day": "1979-05-27"})
        );
    }
}
