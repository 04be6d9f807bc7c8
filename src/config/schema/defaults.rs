use serde_json::Value;

use super::numbers::as_integer;
use super::part::resolve;
use crate::ConfigError;

/// How many values defaults may add to a config.
const MOST_ADDED: usize = 200_000;

/// How deep schemas may lead into each other.
const DEEPEST: usize = 256;

/// Gives members that `value` leaves out the default that the schema has for them, and writes
/// integers as such.
///
/// Defaults count in `properties`, also of what `items`, `prefixItems`, `additionalProperties`,
/// `allOf` and `$ref` lead to, and of a default itself. Where alternatives are (`anyOf`, `oneOf`,
/// `if`), it is open which would be meant, so theirs do not count.
pub(super) fn fill(schema: &Value, value: &mut Value) -> Result<(), ConfigError> {
    let mut filler = Filler {
        root: schema,
        left: MOST_ADDED,
    };
    let filled = filler.fill(schema, value, 0);
    filled.map_err(|TooMuch| ConfigError::new("", "must be shorter with all its defaults"))
}

struct Filler<'s> {
    root: &'s Value,
    left: usize,
}

struct TooMuch;

impl<'s> Filler<'s> {
    fn fill(&mut self, schema: &'s Value, value: &mut Value, depth: usize) -> Result<(), TooMuch> {
        if depth > DEEPEST {
            return Err(TooMuch);
        }
        for same in self.same(schema) {
            self.fill(same, value, depth + 1)?;
        }
        as_integer(schema, value);
        let in_schema = |keyword: &str| schema.get(keyword);
        match value {
            Value::Object(members) => {
                let properties = in_schema("properties").and_then(Value::as_object);
                for (name, part) in properties.into_iter().flatten() {
                    if !members.contains_key(name) {
                        let Some(default) = self.default(part, depth)? else {
                            continue;
                        };
                        self.count(default)?;
                        members.insert(name.clone(), default.clone());
                    }
                    if let Some(value) = members.get_mut(name) {
                        self.fill(part, value, depth + 1)?;
                    }
                }
                let others = in_schema("additionalProperties").filter(|part| part.is_object());
                if let (Some(part), None) = (others, in_schema("patternProperties")) {
                    for (name, value) in members {
                        if !properties.is_some_and(|known| known.contains_key(name)) {
                            self.fill(part, value, depth + 1)?;
                        }
                    }
                }
            }
            Value::Array(items) => {
                let first = in_schema("prefixItems").and_then(Value::as_array);
                let first = first.map_or(&[][..], |first| first);
                let other = in_schema("items").filter(|part| part.is_object());
                for (index, value) in items.iter_mut().enumerate() {
                    if let Some(part) = first.get(index).or(other) {
                        self.fill(part, value, depth + 1)?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Schemas for the same value that hold whatever it is.
    fn same(&self, schema: &'s Value) -> impl Iterator<Item = &'s Value> + use<'s> {
        let reference = schema.get("$ref").and_then(Value::as_str);
        let referred = reference.and_then(|reference| resolve(self.root, reference).ok());
        let all = schema.get("allOf").and_then(Value::as_array);
        let referred = referred.map(|(_, schema)| schema);
        referred.into_iter().chain(all.into_iter().flatten())
    }

    fn default(&mut self, schema: &'s Value, depth: usize) -> Result<Option<&'s Value>, TooMuch> {
        if let Some(default) = schema.get("default") {
            return Ok(Some(default));
        }
        for same in self.same(schema) {
            self.left = self.left.checked_sub(1).ok_or(TooMuch)?;
            if depth > DEEPEST {
                return Err(TooMuch);
            }
            if let Some(default) = self.default(same, depth + 1)? {
                return Ok(Some(default));
            }
        }
        Ok(None)
    }

    fn count(&mut self, added: &Value) -> Result<(), TooMuch> {
        self.left = self.left.checked_sub(1).ok_or(TooMuch)?;
        match added {
            Value::Object(members) => members.values().try_for_each(|value| self.count(value)),
            Value::Array(items) => items.iter().try_for_each(|value| self.count(value)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn filled(schema: &Value, mut value: Value) -> Value {
        fill(schema, &mut value).unwrap();
        value
    }

    #[test]
    fn what_is_left_out_has_its_default_at_any_depth() {
        let schema = json!({
            "properties": {
                "rate": {"default": 5},
                "peer": {"$ref": "#/$defs/peer", "default": {"host": "a"}},
                "peers": {"items": {"$ref": "#/$defs/peer"}},
                "named": {"additionalProperties": {"$ref": "#/$defs/peer"}}
            },
            "allOf": [{"properties": {"burst": {"default": null}}}],
            "$defs": {"peer": {"properties": {"port": {"$ref": "#/$defs/port"}}}, "port": {"default": 80}}
        });
        assert_eq!(
            filled(
                &schema,
                json!({"peers": [{"port": 1}, {}], "named": {"x": {}}, "other": 1})
            ),
            json!({
                "rate": 5, "burst": null, "other": 1, "peer": {"host": "a", "port": 80},
                "peers": [{"port": 1}, {"port": 80}], "named": {"x": {"port": 80}}
            })
        );
        assert_eq!(filled(&schema, json!({"rate": null}))["rate"], json!(null));
        assert_eq!(filled(&schema, json!("no object")), json!("no object"));
    }

    #[test]
    fn alternatives_give_no_defaults() {
        let schema = json!({
            "oneOf": [{"properties": {"a": {"default": 1}}}],
            "properties": {"b": {"anyOf": [{"default": 2}]}}
        });
        assert_eq!(filled(&schema, json!({})), json!({}));
    }

    #[test]
    fn defaults_without_end_are_refused() {
        let child = json!({"$ref": "#", "default": {}});
        let schema = json!({"properties": {"one": child, "two": child}});
        assert!(fill(&schema, &mut json!({})).is_err());
        let endless = json!({"$ref": "#"});
        assert!(fill(&endless, &mut json!({})).is_err());
        let schema = json!({"items": {"properties": {"a": {"default": vec![0; 1000]}}}});
        let many = vec![json!({}); 1000];
        assert!(fill(&schema, &mut json!(many)).is_err());
    }
}
