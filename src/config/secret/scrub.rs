use serde_json::Value;

use super::{MASK, Secrets};
use crate::ConfigError;
use crate::config::Violation;
use crate::config::pointer;

/// From how many bytes on a secret is looked for within names.
const LONG: usize = 4;

/// The secrets of one config, as they may be quoted.
#[derive(Clone, Default)]
pub(crate) struct SecretTexts(Vec<String>);

impl SecretTexts {
    /// `text` with the mask in place of whatever secret it quotes.
    pub(crate) fn scrub(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| {
            text.replace(secret.as_str(), MASK)
        })
    }

    /// The same for every text in `value`.
    pub(crate) fn scrub_value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.scrub(&text)),
            Value::Array(items) => items
                .into_iter()
                .map(|item| self.scrub_value(item))
                .collect(),
            Value::Object(members) => {
                let members = members.into_iter();
                let scrubbed = members.map(|(name, value)| (name, self.scrub_value(value)));
                Value::Object(scrubbed.collect())
            }
            other => other,
        }
    }

    /// A JSON pointer with the mask in place of names that are secrets, or hold longer ones: a name
    /// has nothing to do with a secret that is but one of its letters.
    pub(crate) fn scrub_pointer(&self, pointer: &str) -> String {
        let scrub = |name: String| {
            let is_in =
                |secret: &String| name == *secret || secret.len() >= LONG && name.contains(secret);
            let is_secret = self.0.iter().any(is_in);
            if is_secret { self.scrub(&name) } else { name }
        };
        pointer::segments(pointer).fold(String::new(), |at, name| pointer::join(&at, &scrub(name)))
    }
}

impl Secrets {
    /// A refusal of `config` that quotes no secret of it.
    pub(crate) fn scrub_refusal(&self, refused: ConfigError, config: &Value) -> ConfigError {
        let texts = self.of(config);
        refused.map(|violation| {
            let pointer = violation.pointer();
            let message = if !pointer.is_empty() && self.touches(pointer) {
                "must be a valid secret: the one that was given is not quoted".to_owned()
            } else {
                texts.scrub(violation.message())
            };
            Violation::new(texts.scrub_pointer(pointer), message)
        })
    }

    /// `text` with the mask in place of whatever secret of `config` it quotes.
    pub(crate) fn scrub(&self, text: &str, config: &Value) -> String {
        self.of(config).scrub(text)
    }

    /// The secrets of `config`.
    pub(crate) fn of(&self, config: &Value) -> SecretTexts {
        let mut leaves = Vec::new();
        let mut see = |secret| collect_leaves(secret, &mut leaves);
        self.root().each(config, &mut see);
        // One secret may be the beginning of another.
        leaves.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        leaves.dedup();
        SecretTexts(leaves)
    }
}

fn collect_leaves(value: &Value, leaves: &mut Vec<String>) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::String(text) => collect_text(text, leaves),
        Value::Number(number) => leaves.push(number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| collect_leaves(item, leaves)),
        // A map may have its secrets for names.
        Value::Object(members) => members.iter().for_each(|(name, item)| {
            collect_text(name, leaves);
            collect_leaves(item, leaves);
        }),
    }
}

/// A text as it is, and as messages and JSON quote it.
fn collect_text(text: &str, leaves: &mut Vec<String>) {
    if text.is_empty() {
        return;
    }
    let inside = |quoted: String| quoted[1..quoted.len() - 1].to_owned();
    let (debug, json) = (format!("{text:?}"), Value::from(text).to_string());
    leaves.extend([text.to_owned(), inside(debug), inside(json)]);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn quoted_secrets_are_scrubbed() {
        let secrets = Secrets::new(["/tokens", "/peers/*/key"]);
        let config = json!({
            "tokens": ["s3cr3t", {"pin": 4711}], "n": 1, "peers": {"a": {"key": "k3y"}}
        });
        assert_eq!(
            secrets.scrub("bad \"s3cr3t\" and 4711 of pin, n 1, k3y of peers", &config),
            "bad \"******\" and ****** of ******, n 1, ****** of peers"
        );
    }

    #[test]
    fn refusal_quotes_no_secret() {
        let secrets = Secrets::new(["/tokens"]);
        let config = json!({"tokens": ["s3cr3t"]});
        for (pointer, message, told) in [
            (
                "/tokens/0",
                "invalid value: string \"s3\"",
                (
                    "/tokens/0",
                    "must be a valid secret: the one that was given is not quoted",
                ),
            ),
            (
                "/s3cr3t",
                "unknown field `s3cr3t`",
                ("/******", "unknown field `******`"),
            ),
        ] {
            let refused = secrets.scrub_refusal(ConfigError::new(pointer, message), &config);
            assert_eq!((refused.pointer(), refused.message()), told);
        }
    }

    #[test]
    fn pointer_hides_names_that_are_secrets_and_no_others() {
        let secrets = Secrets::new(["/tokens"]);
        let texts = secrets.of(&json!({"tokens": ["k", "s3cr3t", "a/b"]}));
        assert_eq!(
            texts.scrub_pointer("/key/k/my-s3cr3t/a~1b/0"),
            "/key/******/my-******/******/0"
        );
    }

    #[test]
    fn secret_is_scrubbed_however_it_is_quoted() {
        let secrets = Secrets::new(["/token"]);
        let token = "a\"b\\c\n\u{7f}d";
        let config = json!({"token": token});
        for quoted in [
            token.to_owned(),
            format!("{token:?}"),
            config["token"].to_string(),
        ] {
            let told = secrets.scrub(&quoted, &config);
            assert!(told.contains(MASK) && !told.contains('b'), "{told}");
        }
    }

    #[test]
    fn secret_that_begins_with_another_is_scrubbed_whole() {
        let secrets = Secrets::new(["/tokens"]);
        let config = json!({"tokens": ["abc", "abcdef"]});
        assert_eq!(
            secrets.scrub("abcdef and abc", &config),
            "****** and ******"
        );
    }
}
