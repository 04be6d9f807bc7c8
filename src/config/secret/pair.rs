use std::collections::HashMap;

use serde_json::Value;

use super::At;

/// Which stored element each element of a list is that was sent back with masks in it.
///
/// By index alone, an element taken out would leave its secret to the next one. So an element is
/// the stored one that looks like it, where as many were sent as are stored; one that was edited
/// is the one in its place, where none was added or taken out. Else it is none, and the masks in
/// it stand for nothing.
pub(super) fn pair(at: &At<'_>, sent: &[Value], stored: &[Value]) -> Vec<Option<usize>> {
    let shown: Vec<_> = stored
        .iter()
        .enumerate()
        .map(|(index, value)| at.item(index).masked(value))
        .collect();
    let (shown, looks) = (by_look(&shown), by_look(sent));
    let mut paired = vec![None; sent.len()];
    let mut taken = vec![false; stored.len()];
    for (look, places) in looks {
        let stored = shown.get(look).filter(|alike| alike.len() == places.len());
        for (place, index) in places.iter().zip(stored.into_iter().flatten()) {
            (paired[*place], taken[*index]) = (Some(*index), true);
        }
    }
    if sent.len() == stored.len() {
        for (index, pair) in paired.iter_mut().enumerate() {
            if pair.is_none() && !taken[index] {
                *pair = Some(index);
            }
        }
    }
    paired
}

/// Where the elements are that look alike.
fn by_look(elements: &[Value]) -> HashMap<&Value, Vec<usize>> {
    let mut looks = HashMap::<_, Vec<_>>::with_capacity(elements.len());
    for (index, element) in elements.iter().enumerate() {
        looks.entry(element).or_default().push(index);
    }
    looks
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{MASK, Secrets};

    fn sent_back(stored: &serde_json::Value, sent: &serde_json::Value) -> serde_json::Value {
        let secrets = Secrets::new(["/*/key", "/words/*"]);
        let mut config = sent.clone();
        secrets.unmask(&mut config, stored);
        config
    }

    #[test]
    fn element_keeps_its_secret_wherever_it_goes() {
        let stored = json!([{"of": "a", "key": 1}, {"of": "b", "key": 2}, {"of": "c", "key": 3}]);
        let masked = |name: &str| json!({"of": name, "key": MASK});
        for (sent, expected) in [
            (
                json!([masked("c"), masked("a")]),
                json!([["c", 3], ["a", 1]]),
            ),
            (
                json!([masked("a"), masked("x"), masked("c")]),
                json!([["a", 1], ["x", 2], ["c", 3]]),
            ),
            (
                json!([masked("b"), {"of": "n", "key": 9}]),
                json!([["b", 2], ["n", 9]]),
            ),
            // Whose secret it was cannot be told.
            (
                json!([masked("x"), masked("c")]),
                json!([["x", MASK], ["c", 3]]),
            ),
            (
                json!([masked("b"), masked("x"), masked("c")]),
                json!([["b", 2], ["x", MASK], ["c", 3]]),
            ),
        ] {
            let back = sent_back(&stored, &sent);
            let back = back.as_array().unwrap().iter();
            let back: Vec<_> = back.map(|item| json!([item["of"], item["key"]])).collect();
            assert_eq!(json!(back), expected, "{sent}");
        }
    }

    #[test]
    fn elements_that_look_alike_stay_in_their_order_or_are_not_known() {
        let stored = json!({"words": ["one", "two"]});
        for (sent, expected) in [
            (json!(["new", MASK, MASK]), json!(["new", "one", "two"])),
            (json!([MASK, "new"]), json!(["one", "new"])),
            (json!([MASK]), json!([MASK])),
            (json!([MASK, MASK, MASK]), json!([MASK, MASK, MASK])),
        ] {
            let back = sent_back(&stored, &json!({"words": sent}));
            assert_eq!(back, json!({"words": expected}));
        }
    }
}
