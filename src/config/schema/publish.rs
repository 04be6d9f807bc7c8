use std::collections::HashSet;

use serde_json::Value;

use super::part::parts;
use crate::config::Secrets;
use crate::config::secret::{At, Edge};

/// Keywords whose values are such as configs hold, or lists of them.
const VALUES: [&str; 4] = ["default", "const", "examples", "enum"];

/// The schema as it may be shown: with the mask for what its defaults and examples have of secrets.
pub(super) fn publish(schema: &Value, secrets: &Secrets) -> Value {
    let mut published = schema.clone();
    let mut seen = HashSet::new();
    let mut left = vec![(String::new(), schema, secrets.root())];
    while let Some((pointer, part, at)) = left.pop() {
        if at.is_free() || !seen.insert((pointer.clone(), at.key())) {
            continue;
        }
        if let Some(shown) = published.pointer_mut(&pointer) {
            hide(shown, &at);
        }
        // The schema has been walked before: its references lead somewhere.
        for next in parts(schema, part, &pointer).unwrap_or_default() {
            let at = match &next.of {
                None => at.clone(),
                Some(Edge::Member(name)) => at.member(name),
                Some(Edge::Item(index) | Edge::ItemFrom(index)) => at.item(*index),
                Some(Edge::AnyMember | Edge::OtherMember(_)) => at.below(),
            };
            left.push((next.pointer, next.schema, at));
        }
    }
    published
}

fn hide(schema: &mut Value, at: &At<'_>) {
    let Value::Object(keywords) = schema else {
        return;
    };
    for keyword in VALUES {
        match keywords.get_mut(keyword) {
            Some(Value::Array(values)) if matches!(keyword, "examples" | "enum") => {
                for value in values {
                    *value = at.masked(value);
                }
            }
            Some(value) => *value = at.masked(value),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn defaults_and_examples_show_no_secret() {
        let schema = json!({
            "properties": {
                "token": {"default": "t", "examples": ["e", null], "type": "string"},
                "rate": {"default": 5},
                "db": {"$ref": "#/$defs/db", "default": {"user": "u", "password": "p"}}
            },
            "additionalProperties": {"writeOnly": true, "default": "o"},
            "$defs": {"db": {"properties": {"password": {"writeOnly": true, "default": "q"}}}}
        });
        let secrets = super::super::secrets::find(Some(&schema), ["/token"]).unwrap();
        let mut expected = schema.clone();
        expected["properties"]["token"]["default"] = json!("******");
        expected["properties"]["token"]["examples"] = json!(["******", null]);
        expected["properties"]["db"]["default"]["password"] = json!("******");
        expected["additionalProperties"]["default"] = json!("******");
        expected["$defs"]["db"]["properties"]["password"]["default"] = json!("******");
        assert_eq!(publish(&schema, &secrets), expected);
    }
}
