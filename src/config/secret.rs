use std::borrow::Cow;

use serde_json::Value;

use super::ConfigError;

/// What stands in place of a secret wherever a config is shown.
pub const MASK: &str = "******";

/// The fields of a config that nobody is shown, as JSON pointers.
#[derive(Debug, Default, Clone)]
pub(crate) struct Secrets {
    pointers: Vec<Cow<'static, str>>,
}

impl Secrets {
    /// Takes a field's bare name for a pointer to it: what is meant to be secret must not be shown
    /// for want of a slash.
    pub(crate) fn new(pointers: Vec<Cow<'static, str>>) -> Self {
        let rooted = |pointer: Cow<'static, str>| match pointer.as_bytes().first() {
            None | Some(b'/') => pointer,
            Some(_) => format!("/{pointer}").into(),
        };
        Self {
            pointers: pointers.into_iter().map(rooted).collect(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pointers.is_empty()
    }

    /// Whether `pointer` leads to, into or above a secret.
    pub(crate) fn touches(&self, pointer: &str) -> bool {
        let within = |outer: &str, inner: &str| {
            inner
                .strip_prefix(outer)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.pointers
            .iter()
            .any(|secret| within(secret, pointer) || within(pointer, secret))
    }

    /// A refusal of `config` that quotes no secret of it.
    pub(crate) fn scrub_refusal(&self, refused: &ConfigError, config: &Value) -> ConfigError {
        let message = if !refused.pointer().is_empty() && self.touches(refused.pointer()) {
            "invalid value for a secret field".to_owned()
        } else {
            self.scrub(refused.message(), config)
        };
        ConfigError::new(self.scrub(refused.pointer(), config), message)
    }

    /// `text` with the mask in place of whatever secret of `config` it quotes.
    pub(crate) fn scrub(&self, text: &str, config: &Value) -> String {
        self.of(config).scrub(text)
    }

    /// The secrets of `config`.
    pub(crate) fn of(&self, config: &Value) -> SecretTexts {
        let mut leaves = Vec::new();
        for secret in self
            .pointers
            .iter()
            .filter_map(|pointer| config.pointer(pointer))
        {
            collect_leaves(secret, &mut leaves);
        }
        // One secret may be the beginning of another.
        leaves.sort_by_key(|leaf| std::cmp::Reverse(leaf.len()));
        SecretTexts(leaves)
    }

    /// The config as it may be shown. A secret that is not set shows as what it is, `null`.
    pub(crate) fn mask(&self, config: &Value) -> Value {
        let mut shown = config.clone();
        for pointer in &self.pointers {
            if let Some(secret) = shown
                .pointer_mut(pointer)
                .filter(|secret| !secret.is_null())
            {
                *secret = Value::String(MASK.to_owned());
            }
        }
        shown
    }

    /// Where a mask is left at, in or above a secret of a config that was unmasked: there is
    /// nothing it could stand for, and as a secret everybody knows it.
    pub(crate) fn stray_mask(&self, config: &Value) -> Option<&str> {
        let holds_mask = |pointer: &str| {
            let mut leaves = Vec::new();
            config
                .pointer(pointer)
                .inspect(|secret| collect_leaves(secret, &mut leaves));
            leaves.iter().any(|leaf| leaf == MASK)
        };
        let above = |pointer: &str| {
            let slashes = pointer.match_indices('/').map(|(at, _)| &pointer[..at]);
            slashes
                .into_iter()
                .any(|outer| config.pointer(outer).is_some_and(|value| value == MASK))
        };
        let stray = |pointer: &&Cow<'static, str>| holds_mask(pointer) || above(pointer);
        self.pointers.iter().find(stray).map(|pointer| &**pointer)
    }

    /// Puts the stored secrets back where `config` holds the mask, as it was shown.
    pub(crate) fn unmask(&self, config: &mut Value, stored: &Value) {
        for pointer in &self.pointers {
            let masked = config.pointer_mut(pointer).filter(|value| *value == MASK);
            if let (Some(masked), Some(secret)) = (masked, stored.pointer(pointer)) {
                *masked = secret.clone();
            }
        }
    }
}

/// The secrets of one config.
pub(crate) struct SecretTexts(Vec<String>);

impl SecretTexts {
    /// `text` with the mask in place of whatever secret it quotes.
    pub(crate) fn scrub(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| {
            text.replace(secret.as_str(), MASK)
        })
    }
}

fn collect_leaves(value: &Value, leaves: &mut Vec<String>) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::String(text) if text.is_empty() => {}
        Value::String(text) => leaves.push(text.clone()),
        Value::Number(number) => leaves.push(number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| collect_leaves(item, leaves)),
        Value::Object(members) => members
            .values()
            .for_each(|item| collect_leaves(item, leaves)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn masked_config_sent_back_is_the_stored_one() {
        let secrets = Secrets::new(vec![
            "/tokens".into(),
            "/db/password".into(),
            "/gone".into(),
        ]);
        let stored = json!({"tokens": ["a", "b"], "db": {"password": "p", "user": "u"}});
        let mut shown = secrets.mask(&stored);
        assert_eq!(
            shown,
            json!({"tokens": MASK, "db": {"password": MASK, "user": "u"}})
        );
        shown["db"]["user"] = json!("v");
        secrets.unmask(&mut shown, &stored);
        assert_eq!(
            shown,
            json!({"tokens": ["a", "b"], "db": {"password": "p", "user": "v"}})
        );
    }

    #[test]
    fn mask_that_stands_for_nothing_is_found_at_in_and_above_a_secret() {
        let secrets = Secrets::new(vec!["tokens".into(), "/db/password".into()]);
        for (config, stray) in [
            (json!({"tokens": MASK}), Some("/tokens")),
            (json!({"tokens": ["a", MASK]}), Some("/tokens")),
            (json!({"tokens": [], "db": MASK}), Some("/db/password")),
            (
                json!({"tokens": ["a"], "db": {"password": "p", "user": MASK}}),
                None,
            ),
            (json!({}), None),
        ] {
            assert_eq!(secrets.stray_mask(&config), stray, "{config}");
        }
        assert_eq!(
            secrets.mask(&json!({"tokens": 1})),
            json!({"tokens": MASK}),
            "a bare name"
        );
    }

    #[test]
    fn new_secret_replaces_the_stored_one() {
        let secrets = Secrets::new(vec!["/tokens".into()]);
        let mut config = json!({"tokens": ["new"]});
        secrets.unmask(&mut config, &json!({"tokens": ["old"]}));
        assert_eq!(config, json!({"tokens": ["new"]}));
    }

    #[test]
    fn quoted_secrets_are_scrubbed() {
        let secrets = Secrets::new(vec!["/tokens".into()]);
        let config = json!({"tokens": ["s3cr3t", {"pin": 4711}], "n": 1});
        assert_eq!(
            secrets.scrub("bad \"s3cr3t\" and 4711, n 1", &config),
            "bad \"******\" and ******, n 1"
        );
        let refused = ConfigError::new("/tokens/0", "invalid value: string \"s3\"");
        let told = secrets.scrub_refusal(&refused, &config);
        assert_eq!(
            (told.pointer(), told.message()),
            ("/tokens/0", "invalid value for a secret field")
        );
        let misplaced = ConfigError::new("/s3cr3t", "unknown field `s3cr3t`");
        let told = secrets.scrub_refusal(&misplaced, &config);
        assert_eq!(
            (told.pointer(), told.message()),
            ("/******", "unknown field `******`")
        );
    }

    #[test]
    fn secret_that_begins_with_another_is_scrubbed_whole() {
        let secrets = Secrets::new(vec!["/tokens".into()]);
        let config = json!({"tokens": ["abc", "abcdef"]});
        assert_eq!(
            secrets.scrub("abcdef and abc", &config),
            "****** and ******"
        );
    }

    #[test]
    fn pointer_touches_a_secret_from_both_sides() {
        let secrets = Secrets::new(vec!["/db/password".into()]);
        assert!(secrets.touches("/db/password"));
        assert!(secrets.touches("/db/password/0"));
        assert!(secrets.touches("/db"));
        assert!(secrets.touches(""));
        assert!(!secrets.touches("/db/passwords"));
        assert!(!secrets.touches("/network"));
    }
}
