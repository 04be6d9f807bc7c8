use serde_json::Value;

use crate::config::pointer::{join, segments};
use crate::config::secret::Edge;

/// A schema within a schema.
#[derive(Debug)]
pub(super) struct Part<'s> {
    /// What it is for in a value: a part of it, or the same value.
    pub(super) of: Option<Edge>,
    /// Where it is in the whole schema, as a JSON pointer: each place has one.
    pub(super) pointer: String,
    pub(super) schema: &'s Value,
}

/// Keywords of one schema for the same value.
const SAME: [&str; 4] = ["not", "if", "then", "else"];
/// Keywords of several schemas for the same value.
const ALL_SAME: [&str; 4] = ["allOf", "anyOf", "oneOf", "dependentSchemas"];
/// Keywords of one schema for members that are not named.
const OTHERS: [&str; 2] = ["additionalProperties", "unevaluatedProperties"];

/// The schemas that `schema`, which is at `pointer` in `root`, has for a value and its parts.
///
/// Fails for a reference that leads out of the whole.
pub(super) fn parts<'s>(
    root: &'s Value,
    schema: &'s Value,
    pointer: &str,
) -> Result<Vec<Part<'s>>, String> {
    let mut parts = Vec::new();
    let mut add = |of, pointer, schema| {
        parts.push(Part {
            of,
            pointer,
            schema,
        });
    };
    for keyword in ["$ref", "$dynamicRef"] {
        if let Some(reference) = schema.get(keyword) {
            let reference = reference.as_str().unwrap_or_default();
            let (pointer, schema) = resolve(root, reference)?;
            add(None, pointer, schema);
        }
    }
    if !pointer.is_empty() && schema.get("$id").is_some() {
        return Err(format!(
            "`{pointer}` must have no `$id`: only the whole schema may have one"
        ));
    }
    for keyword in SAME {
        if let Some(part) = schema.get(keyword) {
            add(None, join(pointer, keyword), part);
        }
    }
    for keyword in ALL_SAME {
        for (at, part) in children(schema, keyword, pointer) {
            add(None, at, part);
        }
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, part) in properties.into_iter().flatten() {
        let at = join(&join(pointer, "properties"), name);
        add(Some(Edge::Member(name.clone())), at, part);
    }
    for (at, part) in children(schema, "patternProperties", pointer) {
        add(Some(Edge::AnyMember), at, part);
    }
    let known = || {
        properties
            .into_iter()
            .flat_map(|named| named.keys())
            .cloned()
    };
    for keyword in OTHERS {
        if let Some(part) = schema.get(keyword) {
            let others = Edge::OtherMember(known().collect());
            add(Some(others), join(pointer, keyword), part);
        }
    }
    let mut first_other = 0;
    for keyword in ["prefixItems", "items"] {
        let Some(Value::Array(items)) = schema.get(keyword) else {
            continue;
        };
        for (index, part) in items.iter().enumerate() {
            let at = format!("{pointer}/{keyword}/{index}");
            add(Some(Edge::Item(index)), at, part);
        }
        first_other = items.len();
    }
    for (keyword, first) in [
        ("items", first_other),
        ("additionalItems", first_other),
        ("unevaluatedItems", 0),
        ("contains", 0),
    ] {
        if let Some(part) = schema.get(keyword).filter(|part| !part.is_array()) {
            add(Some(Edge::ItemFrom(first)), join(pointer, keyword), part);
        }
    }
    Ok(parts)
}

/// The schemas in a list or a map of them.
fn children<'s>(schema: &'s Value, keyword: &str, pointer: &str) -> Vec<(String, &'s Value)> {
    let pointer = join(pointer, keyword);
    match schema.get(keyword) {
        Some(Value::Array(parts)) => parts
            .iter()
            .enumerate()
            .map(|(index, part)| (format!("{pointer}/{index}"), part))
            .collect(),
        Some(Value::Object(parts)) => parts
            .iter()
            .map(|(name, part)| (join(&pointer, name), part))
            .collect(),
        _ => Vec::new(),
    }
}

/// What a reference leads to, and where that is.
pub(super) fn resolve<'s>(root: &'s Value, reference: &str) -> Result<(String, &'s Value), String> {
    let id = root.get("$id").and_then(Value::as_str).unwrap_or_default();
    let local = reference.strip_prefix(id).unwrap_or(reference);
    let found = match local.strip_prefix('#') {
        Some(fragment) if fragment.is_empty() || fragment.starts_with('/') => {
            let decoded = decode(fragment);
            // As a pointer is spelt, so that each place has one name.
            let pointer = segments(&decoded).fold(String::new(), |at, name| join(&at, &name));
            root.pointer(&pointer).map(|schema| (pointer, schema))
        }
        Some(name) => anchored(root, name, ""),
        None => None,
    };
    found.ok_or_else(|| {
        format!("`{reference}` must lead to a place in the schema itself, as `#/$defs/NAME` does")
    })
}

fn anchored<'s>(schema: &'s Value, name: &str, pointer: &str) -> Option<(String, &'s Value)> {
    let is_named = |keyword| schema.get(keyword).is_some_and(|anchor| anchor == name);
    if is_named("$anchor") || is_named("$dynamicAnchor") {
        return Some((pointer.to_owned(), schema));
    }
    match schema {
        Value::Object(members) => members
            .iter()
            .find_map(|(key, value)| anchored(value, name, &join(pointer, key))),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, value)| anchored(value, name, &format!("{pointer}/{index}"))),
        _ => None,
    }
}

/// A fragment without its percent-encoding.
fn decode(fragment: &str) -> String {
    let mut bytes = fragment.bytes();
    let mut decoded = Vec::with_capacity(fragment.len());
    while let Some(byte) = bytes.next() {
        let hex = match byte {
            b'%' => bytes.clone().next().zip(bytes.clone().nth(1)),
            _ => None,
        };
        let digit = |digit: u8| char::from(digit).to_digit(16);
        let escaped = hex.and_then(|(high, low)| Some(digit(high)? * 16 + digit(low)?));
        match escaped.and_then(|escaped| u8::try_from(escaped).ok()) {
            Some(escaped) => {
                decoded.push(escaped);
                bytes.nth(1);
            }
            None => decoded.push(byte),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reference_leads_to_a_place_in_the_schema_itself() {
        let schema = json!({
            "$id": "https://example.com/s",
            "$defs": {"a b": {"type": "null"}, "c": {"$anchor": "here"}}
        });
        for (reference, pointer) in [
            ("#", ""),
            ("https://example.com/s#", ""),
            ("#/$defs/a%20b", "/$defs/a b"),
            ("#/%24defs/c", "/$defs/c"),
            ("#here", "/$defs/c"),
        ] {
            assert_eq!(
                resolve(&schema, reference).unwrap().0,
                pointer,
                "{reference}"
            );
        }
        for reference in [
            "",
            "#/$defs/none",
            "#nowhere",
            "other.json",
            "https://example.com/other",
            "file:///etc/passwd",
        ] {
            let refused = resolve(&schema, reference).unwrap_err();
            assert!(refused.contains("#/$defs/NAME"), "{refused}");
        }
    }
}
