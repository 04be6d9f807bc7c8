use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::Secrets;
use super::pointer::join;
use super::secret::At;

/// How many fields a message names.
const MOST_NAMED: usize = 8;

/// One difference between two configs of a plugin.
///
/// Secrets are masked on both sides, so the difference between two of them is told, but not shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FieldChange {
    /// JSON pointer (RFC 6901) to the field; empty for the config as a whole.
    pub pointer: String,
    /// What became of it.
    pub kind: ChangeKind,
    /// What was there, unless it was added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What is there now, unless it was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// What became of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ChangeKind {
    /// It was not there before.
    Added,
    /// It is not there any more.
    Removed,
    /// It has another value.
    Changed,
}

/// What is different in `after`, in the order of the pointers. Objects and lists are compared
/// member by member and element by element, anything else as a whole.
pub(crate) fn diff(before: &Value, after: &Value, secrets: &Secrets) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    compare(Some(before), Some(after), "", &secrets.root(), &mut changes);
    changes
}

/// Which fields the changes are of, in words.
pub(crate) fn fields(changes: &[FieldChange]) -> String {
    let named = changes.iter().take(MOST_NAMED);
    let named: Vec<_> = named
        .map(|change| format!("`{}`", change.pointer))
        .collect();
    match changes.len().saturating_sub(MOST_NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

fn compare(
    before: Option<&Value>,
    after: Option<&Value>,
    pointer: &str,
    at: &At<'_>,
    changes: &mut Vec<FieldChange>,
) {
    match (before, after) {
        _ if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) if !at.is_secret() => {
            let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
            for name in names {
                let (before, after) = (before.get(name), after.get(name));
                compare(
                    before,
                    after,
                    &join(pointer, name),
                    &at.member(name),
                    changes,
                );
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) if !at.is_secret() => {
            for index in 0..before.len().max(after.len()) {
                let (before, after) = (before.get(index), after.get(index));
                let pointer = format!("{pointer}/{index}");
                compare(before, after, &pointer, &at.item(index), changes);
            }
        }
        _ => changes.push(FieldChange {
            pointer: pointer.to_owned(),
            kind: match (before, after) {
                (None, _) => ChangeKind::Added,
                (_, None) => ChangeKind::Removed,
                _ => ChangeKind::Changed,
            },
            before: before.map(|before| at.masked(before)),
            after: after.map(|after| at.masked(after)),
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(before: &Value, after: &Value, secrets: &[&str]) -> Value {
        json!(diff(before, after, &Secrets::new(secrets)))
    }

    #[test]
    fn each_field_that_differs_is_named_once() {
        let before = json!({"same": 1, "a": {"b/c": [1, 2, 3], "gone": null}, "kind": []});
        let after = json!({"same": 1, "a": {"b/c": [1, 5], "new": {"x": 1}}, "kind": {}});
        assert_eq!(
            told(&before, &after, &[]),
            json!([
                {"pointer": "/a/b~1c/1", "kind": "changed", "before": 2, "after": 5},
                {"pointer": "/a/b~1c/2", "kind": "removed", "before": 3},
                {"pointer": "/a/gone", "kind": "removed", "before": null},
                {"pointer": "/a/new", "kind": "added", "after": {"x": 1}},
                {"pointer": "/kind", "kind": "changed", "before": [], "after": {}},
            ])
        );
        assert_eq!(told(&before, &before, &[]), json!([]));
    }

    #[test]
    fn words_name_the_first_fields() {
        let changes =
            |count: usize| diff(&json!([]), &json!(vec![0; count]), &Secrets::new([""; 0]));
        assert_eq!(fields(&changes(2)), "`/0`, `/1`");
        assert!(fields(&changes(11)).ends_with("`/7` and 3 more"));
    }

    #[test]
    fn secrets_are_told_to_have_changed_and_not_shown() {
        let before = json!({"tokens": ["a"], "peers": [{"name": "n", "key": "old"}], "same": "s"});
        let after = json!({
            "tokens": ["a", "b"], "same": "s",
            "peers": [{"name": "n", "key": "new"}, {"name": "m", "key": "other"}]
        });
        let secrets = ["/tokens", "/peers/*/key", "/same"];
        assert_eq!(
            told(&before, &after, &secrets),
            json!([
                {"pointer": "/peers/0/key", "kind": "changed", "before": "******", "after": "******"},
                {"pointer": "/peers/1", "kind": "added", "after": {"name": "m", "key": "******"}},
                {"pointer": "/tokens", "kind": "changed", "before": "******", "after": "******"},
            ])
        );
        let unset = json!({"tokens": null});
        assert_eq!(
            told(&unset, &json!({"tokens": "t"}), &secrets),
            json!([{"pointer": "/tokens", "kind": "changed", "before": null, "after": "******"}])
        );
    }
}
