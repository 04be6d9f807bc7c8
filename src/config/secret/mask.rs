use serde_json::Value;

use super::pair::pair;
use super::{At, Secrets};
use crate::config::pointer;

/// What stands in place of a secret wherever a config is shown.
pub const MASK: &str = "******";

impl Secrets {
    /// The config as it may be shown. A secret that is not set shows as what it is, `null`.
    pub(crate) fn mask(&self, config: &Value) -> Value {
        self.root().masked(config)
    }

    /// Puts the stored secrets back where `config` holds the mask, as it was shown.
    pub(crate) fn unmask(&self, config: &mut Value, stored: &Value) {
        self.root().unmask(config, stored);
    }

    /// Where a mask is left at, in or above a secret of a config that was unmasked: there is
    /// nothing it could stand for, and as a secret everybody knows it.
    pub(crate) fn stray_mask(&self, config: &Value) -> Option<String> {
        self.root().stray_mask(config, "")
    }
}

impl At<'_> {
    /// A value that is here, as it may be shown.
    pub(crate) fn masked(&self, value: &Value) -> Value {
        match value {
            Value::Null => Value::Null,
            _ if self.is_secret() => MASK.into(),
            _ if self.is_free() => value.clone(),
            Value::Object(members) => {
                let masked =
                    |(name, value): (&String, _)| (name.clone(), self.member(name).masked(value));
                Value::Object(members.iter().map(masked).collect())
            }
            Value::Array(items) => {
                let items = items.iter().enumerate();
                items
                    .map(|(index, value)| self.item(index).masked(value))
                    .collect()
            }
            other => other.clone(),
        }
    }

    fn unmask(&self, value: &mut Value, stored: &Value) {
        if self.is_secret() {
            if value == MASK {
                *value = stored.clone();
            }
            return;
        }
        match (value, stored) {
            _ if self.is_free() => {}
            (Value::Object(members), Value::Object(stored)) => {
                for (name, value) in members {
                    if let Some(stored) = stored.get(name) {
                        self.member(name).unmask(value, stored);
                    }
                }
            }
            (Value::Array(items), Value::Array(stored)) => {
                let paired = pair(self, items, stored);
                for ((index, value), pair) in items.iter_mut().enumerate().zip(paired) {
                    if let Some(stored) = pair.and_then(|pair| stored.get(pair)) {
                        self.item(index).unmask(value, stored);
                    }
                }
            }
            _ => {}
        }
    }

    fn stray_mask(&self, value: &Value, pointer: &str) -> Option<String> {
        match value {
            _ if self.is_free() => None,
            _ if self.is_secret() => holds_mask(value).then(|| pointer.to_owned()),
            Value::String(text) => (text == MASK).then(|| pointer.to_owned()),
            Value::Object(members) => members.iter().find_map(|(name, value)| {
                let member = self.member(name);
                member.stray_mask(value, &pointer::join(pointer, name))
            }),
            Value::Array(items) => items.iter().enumerate().find_map(|(index, value)| {
                let item = self.item(index);
                item.stray_mask(value, &format!("{pointer}/{index}"))
            }),
            _ => None,
        }
    }
}

fn holds_mask(value: &Value) -> bool {
    match value {
        Value::String(text) => text == MASK,
        Value::Array(items) => items.iter().any(holds_mask),
        Value::Object(members) => members.values().any(holds_mask),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn masked_config_sent_back_is_the_stored_one() {
        let secrets = Secrets::new(["/tokens", "/db/password", "/gone", "/peers/*/key"]);
        let stored = json!({
            "tokens": ["a", "b"], "db": {"password": "p", "user": "u"},
            "peers": [{"name": "n", "key": "k"}, {"name": "m"}]
        });
        let mut shown = secrets.mask(&stored);
        assert_eq!(
            shown,
            json!({
                "tokens": MASK, "db": {"password": MASK, "user": "u"},
                "peers": [{"name": "n", "key": MASK}, {"name": "m"}]
            })
        );
        shown["db"]["user"] = json!("v");
        secrets.unmask(&mut shown, &stored);
        let mut expected = stored;
        expected["db"]["user"] = json!("v");
        assert_eq!(shown, expected);
    }

    #[test]
    fn mask_that_stands_for_nothing_is_found_at_in_and_above_a_secret() {
        let secrets = Secrets::new(["tokens", "/db/password", "/peers/*/key"]);
        for (config, stray) in [
            (json!({"tokens": MASK}), Some("/tokens")),
            (json!({"tokens": ["a", MASK]}), Some("/tokens")),
            (json!({"tokens": [], "db": MASK}), Some("/db")),
            (
                json!({"peers": [{"key": "k"}, {"key": MASK}]}),
                Some("/peers/1/key"),
            ),
            (
                json!({"tokens": ["a"], "db": {"password": "p", "user": MASK}}),
                None,
            ),
            (json!({}), None),
        ] {
            assert_eq!(secrets.stray_mask(&config).as_deref(), stray, "{config}");
        }
        assert_eq!(
            secrets.mask(&json!({"tokens": 1})),
            json!({"tokens": MASK}),
            "a bare name"
        );
    }

    #[test]
    fn new_secret_replaces_the_stored_one() {
        let secrets = Secrets::new(["/tokens"]);
        let mut config = json!({"tokens": ["new"]});
        secrets.unmask(&mut config, &json!({"tokens": ["old"]}));
        assert_eq!(config, json!({"tokens": ["new"]}));
    }

    #[test]
    fn secret_that_is_not_set_shows_as_null() {
        let secrets = Secrets::new(["/token", ""]);
        assert_eq!(secrets.mask(&json!(null)), json!(null));
        assert_eq!(secrets.mask(&json!({"a": 1})), json!(MASK));
    }
}
