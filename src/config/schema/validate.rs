use jsonschema::PatternOptions;
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
        let schema = Validator::new(&schema).unwrap();
        let secrets = Secrets::new([""; 0]);
        assert!(schema.check(&json!(text), &secrets).is_err());
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
