use jsonschema::{PatternOptions, ValidationError};
use serde_json::Value;

use super::wording;
use crate::ConfigError;
use crate::config::{Secrets, Violation};

/// The largest config of which everything that is wrong is looked for: what is found takes memory
/// before it can be counted.
const LARGEST: usize = 100_000;

/// A compiled schema.
#[derive(Debug)]
pub(super) struct Validator(jsonschema::Validator);

impl Validator {
    /// Compiles a schema; nothing is fetched for it. Patterns are matched in linear time, so they
    /// have neither look-around nor back-references.
    pub(super) fn new(schema: &Value) -> Result<Self, String> {
        let options = jsonschema::options()
            .offline()
            .with_pattern_options(PatternOptions::regex());
        match options.build(schema) {
            Ok(validator) => Ok(Self(validator)),
            Err(error) => Err(match error.instance_path().as_str() {
                "" => error.to_string(),
                pointer => format!("at `{pointer}`: {error}"),
            }),
        }
    }

    /// What `config` violates, secrets left out.
    pub(super) fn check(&self, config: &Value, secrets: &Secrets) -> Result<(), ConfigError> {
        let Err(first) = self.0.validate(config) else {
            return Ok(());
        };
        let mut violations = Vec::new();
        if values(config) <= LARGEST {
            let errors = self.0.iter_errors(config).take(ConfigError::MOST + 1);
            for error in errors {
                wording::tell(&error, secrets, &mut violations);
            }
            violations.sort_by(|one, other| one.pointer().cmp(other.pointer()));
            violations.dedup();
        } else {
            wording::tell(&first, secrets, &mut violations);
        }
        let texts = secrets.of(config);
        let scrubbed = violations.into_iter().map(|violation: Violation| {
            Violation::new(
                texts.scrub_pointer(violation.pointer()),
                violation.message(),
            )
        });
        Err(ConfigError::of(scrubbed.collect()))
    }
}

fn values(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(values).sum(),
        Value::Object(members) => members.values().map(values).sum::<usize>(),
        _ => 0,
    }
}

/// Whether an error says that a value is not meant for this alternative at all.
pub(super) fn is_of_another_kind(error: &ValidationError<'_>, pointer: &str) -> bool {
    use jsonschema::error::ValidationErrorKind as Kind;

    let below = error.instance_path().as_str().strip_prefix(pointer);
    let depth = below.map_or(0, |below| below.matches('/').count());
    match error.kind() {
        Kind::Type { .. } => depth == 0,
        // The tag of an enum.
        Kind::Constant { .. } | Kind::Enum { .. } => depth <= 1,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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

    #[test]
    fn number_of_violations_is_bounded() {
        let schema = Validator::new(&json!({"items": {"type": "string"}})).unwrap();
        let secrets = Secrets::new([""; 0]);
        for (items, expected) in [(3, 3), (50_000, ConfigError::MOST), (200_000, 1)] {
            let config = json!(vec![1; items]);
            let refused = schema.check(&config, &secrets).unwrap_err();
            assert_eq!(refused.violations().len(), expected, "{items}");
        }
    }

    #[test]
    fn pattern_that_would_backtrack_is_matched_in_linear_time() {
        let schema = json!({"pattern": "^(a+)+$"});
        let text = format!("{}!", "a".repeat(100_000));
        let started = std::time::Instant::now();
        one(&schema, &json!(text));
        assert!(started.elapsed().as_secs() < 5);
    }

    #[test]
    fn schema_that_is_none_is_refused_and_nothing_is_fetched_for_it() {
        for (schema, reason) in [
            (json!(1), "is not of type"),
            (json!({"type": "strng"}), "`/type`"),
            (
                json!({"properties": {"a": {"minimum": "x"}}}),
                "`/properties/a/minimum`",
            ),
            (json!({"pattern": "(?=a)"}), "`/pattern`"),
            (json!({"pattern": "("}), "`/pattern`"),
            (
                json!({"$ref": "https://example.com/s.json"}),
                "#/$defs/NAME",
            ),
            (
                json!({"$schema": "https://example.com/s"}),
                "https://example.com/s",
            ),
        ] {
            let refused = super::super::Schema::new(Some(schema.clone()), [""; 0]).unwrap_err();
            assert!(refused.contains(reason), "{schema}: {refused}");
        }
    }
}
