use std::collections::HashMap;

use serde_json::Value;

use super::part::parts;
use crate::config::Secrets;
use crate::config::secret::Graph;

/// Where `pointers` lead to, and where the schema has `writeOnly`.
pub(super) fn find<S: AsRef<str>>(
    schema: Option<&Value>,
    pointers: impl IntoIterator<Item = S>,
) -> Result<Secrets, String> {
    let mut graph = Graph::new();
    for pointer in pointers {
        graph.mark_pointer(pointer.as_ref());
    }
    if let Some(schema) = schema {
        add(schema, &mut graph)?;
    }
    Ok(graph.finish())
}

/// Each place of the schema is one node, so that what refers to itself comes to an end.
fn add(root: &Value, graph: &mut Graph) -> Result<(), String> {
    let whole = graph.node();
    graph.merge(Graph::ROOT, whole);
    let mut known = HashMap::from([(String::new(), whole)]);
    let mut left = vec![(String::new(), root, whole)];
    while let Some((pointer, schema, node)) = left.pop() {
        if schema.get("writeOnly").is_some_and(|is| is == true) {
            graph.mark(node);
        }
        for part in parts(root, schema, &pointer)? {
            let next = *known.entry(part.pointer.clone()).or_insert_with(|| {
                let next = graph.node();
                left.push((part.pointer, part.schema, next));
                next
            });
            match part.of {
                Some(edge) => graph.connect(node, edge, next),
                None => graph.merge(node, next),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn secrets(schema: &Value) -> Secrets {
        find(Some(schema), [""; 0]).unwrap()
    }

    #[test]
    fn write_only_is_found_wherever_a_schema_has_it() {
        let secret = json!({"type": "string", "writeOnly": true});
        for (schema, secret, harmless) in [
            (json!({"properties": {"a": secret}}), "/a", "/b"),
            (json!({"items": secret}), "/7", "/x"),
            (json!({"prefixItems": [{}, secret]}), "/1", "/0"),
            (json!({"prefixItems": [{}], "items": secret}), "/1", "/0"),
            (
                json!({"properties": {"a": {}}, "additionalProperties": secret}),
                "/b",
                "/a",
            ),
            (
                json!({"properties": {"a": {"patternProperties": {"^x": secret}}}}),
                "/a/x",
                "/b",
            ),
            (
                json!({"properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": secret}}),
                "/a",
                "/$defs",
            ),
            (
                json!({"properties": {"a": {"anyOf": [{"type": "null"}, secret]}}}),
                "/a",
                "/b",
            ),
            (
                json!({"oneOf": [{"properties": {"a": secret}}, {"properties": {"b": {}}}]}),
                "/a",
                "/b",
            ),
            (
                json!({"if": {}, "then": {"properties": {"a": {"allOf": [secret]}}}}),
                "/a",
                "/b",
            ),
        ] {
            let found = secrets(&schema);
            assert!(found.touches(secret), "{schema}");
            assert!(!found.touches(harmless), "{schema}");
        }
    }

    #[test]
    fn what_refers_to_itself_is_followed_to_any_depth() {
        let schema = json!({
            "properties": {
                "key": {"writeOnly": true}, "name": {}, "children": {"items": {"$ref": "#"}}
            }
        });
        let config = json!({
            "key": 1, "name": "a", "children": [{"key": 2, "children": [{"key": 3, "name": "c"}]}]
        });
        let shown = json!({
            "key": "******", "name": "a",
            "children": [{"key": "******", "children": [{"key": "******", "name": "c"}]}]
        });
        assert_eq!(secrets(&schema).mask(&config), shown);
        let endless = json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#"}}});
        assert!(secrets(&endless).is_empty());
    }

    #[test]
    fn property_that_is_called_write_only_is_none() {
        let schema = json!({"properties": {"writeOnly": {"const": true}}});
        assert!(secrets(&schema).is_empty());
    }
}
