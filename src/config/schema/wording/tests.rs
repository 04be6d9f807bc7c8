use serde_json::{Value, json};

fn told(schema: &Value, config: &Value) -> Vec<(String, String)> {
    let schema = super::super::Schema::new(Some(schema.clone()), ["/secret"]).unwrap();
    let Err(refused) = schema.check(config) else {
        return Vec::new();
    };
    let told = refused.violations().iter();
    told.map(|told| (told.pointer().to_owned(), told.message().to_owned()))
        .collect()
}

fn one(schema: &Value, config: &Value) -> (String, String) {
    let mut told = told(schema, config);
    assert_eq!(told.len(), 1, "{schema}: {told:?}");
    told.remove(0)
}

#[test]
fn each_keyword_says_what_must_hold() {
    for (schema, value, must) in [
        (json!({"type": "integer"}), json!("x"), "must be an integer"),
        (
            json!({"type": ["string", "null"]}),
            json!(1),
            "must be null or a string",
        ),
        (
            json!({"minimum": 1}),
            json!(0),
            "must be greater than or equal to 1",
        ),
        (
            json!({"maximum": 1}),
            json!(2),
            "must be less than or equal to 1",
        ),
        (
            json!({"exclusiveMinimum": 1}),
            json!(1),
            "must be greater than 1",
        ),
        (
            json!({"exclusiveMaximum": 1}),
            json!(1),
            "must be less than 1",
        ),
        (
            json!({"multipleOf": 2}),
            json!(3),
            "must be a multiple of 2",
        ),
        (
            json!({"minLength": 2}),
            json!("a"),
            "must have at least 2 characters",
        ),
        (
            json!({"maxLength": 1}),
            json!("ab"),
            "must have at most 1 character",
        ),
        (
            json!({"minItems": 1}),
            json!([]),
            "must have at least 1 item",
        ),
        (
            json!({"maxItems": 1}),
            json!([1, 2]),
            "must have at most 1 item",
        ),
        (
            json!({"minProperties": 1}),
            json!({}),
            "must have at least 1 member",
        ),
        (
            json!({"maxProperties": 0}),
            json!({"a": 1}),
            "must have at most 0 members",
        ),
        (json!({"pattern": "^a$"}), json!("b"), "must match `^a$`"),
        (json!({"const": 1}), json!(2), "must be 1"),
        (
            json!({"enum": ["a", 1]}),
            json!(2),
            "must be one of \"a\", 1",
        ),
        (
            json!({"uniqueItems": true}),
            json!([1, 1]),
            "must have no two equal items",
        ),
        (json!(false), json!(1), "must not be set"),
        (
            json!({"contains": {"const": 1}}),
            json!([2]),
            "must have an item that is as the schema says",
        ),
        (
            json!({"anyOf": [{"type": "string"}, {"minimum": 5}]}),
            json!(1),
            "must be greater than or equal to 5",
        ),
        (
            json!({"oneOf": [{"type": "string"}, {"type": "boolean"}]}),
            json!(1),
            "must be a string, or must be a boolean",
        ),
        (
            json!({"prefixItems": [{}], "items": false}),
            json!([1, 2]),
            "must not be set",
        ),
    ] {
        let schema = json!({"properties": {"a": schema}});
        let told = one(&schema, &json!({"a": value}));
        assert!(told.0.starts_with("/a"), "{schema}: {told:?}");
        assert_eq!(told.1, must, "{schema}");
    }
}

#[test]
fn members_that_are_missing_and_too_many_are_pointed_at() {
    let schema = json!({
        "properties": {"a": {}}, "required": ["b/c"], "additionalProperties": false
    });
    assert_eq!(
        told(&schema, &json!({"x": 1, "y": 2})),
        [
            ("/b~1c".to_owned(), "must be set".to_owned()),
            ("/x".to_owned(), "must not be set: unknown field".to_owned()),
            ("/y".to_owned(), "must not be set: unknown field".to_owned()),
        ]
    );
    let schema = json!({"propertyNames": {"pattern": "^a"}});
    let told = one(&schema, &json!({"b": 1}));
    assert_eq!(
        told,
        (
            "/b".to_owned(),
            "must have another name: it must match `^a`".to_owned()
        )
    );
}

#[test]
fn alternative_is_told_by_its_tag() {
    let schema = json!({"oneOf": [
        {"properties": {"type": {"const": "A"}, "x": {"maximum": 9}}, "required": ["type", "x"]},
        {"properties": {"type": {"const": "B"}, "y": {}}, "required": ["type", "y"]}
    ]});
    let told = one(&schema, &json!({"type": "A", "x": 10}));
    assert_eq!(
        told,
        (
            "/x".to_owned(),
            "must be less than or equal to 9".to_owned()
        )
    );
}

#[test]
fn nothing_secret_is_quoted() {
    let schema = json!({
        "properties": {
            "secret": {"enum": ["s3cr3t"]}, "other": {"type": "integer"},
            "map": {"writeOnly": true, "additionalProperties": {"type": "integer"}}
        }
    });
    let config = json!({"secret": "gu3ss", "other": "v4lue", "map": {"n4me": "p4ss"}});
    let told = format!("{:?}", told(&schema, &config));
    for secret in ["s3cr3t", "gu3ss", "v4lue", "n4me", "p4ss"] {
        assert!(!told.contains(secret), "{told}");
    }
    assert!(told.contains("must be one of the values"), "{told}");
}
