use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// The one JSON value that `bytes` are.
///
/// An object that has a member twice is refused: which of the two was meant cannot be known.
/// Nesting is limited by the parser.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let unique = UniqueMembers.deserialize(&mut parser);
    unique
        .and_then(|()| parser.end())
        .and_then(|()| serde_json::from_slice(bytes))
}

/// Takes any value in which no object has a member twice.
#[derive(Clone, Copy)]
struct UniqueMembers;

impl<'de> DeserializeSeed<'de> for UniqueMembers {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for UniqueMembers {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(name) = object.next_key::<String>()? {
            // Where, the parser says; what it is called may be a secret.
            if !seen.insert(name) {
                return Err(A::Error::custom("a member is there twice"));
            }
            object.next_value_seed(self)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        while array.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(bytes: &[u8]) -> String {
        parse(bytes).unwrap_err().to_string()
    }

    #[test]
    fn every_kind_of_value_is_taken() {
        let bytes = br#" {"a": [1, -1, 1.5e3, "x", true, null, {"a": {}}], "b": []} "#;
        let value = json!({"a": [1, -1, 1500.0, "x", true, null, {"a": {}}], "b": []});
        assert_eq!(parse(bytes).unwrap(), value);
    }

    #[test]
    fn member_that_is_there_twice_is_refused() {
        assert!(refusal(br#"{"a": 1, "a": 1}"#).contains("twice at line 1 column "));
        assert!(refusal(br#"[{"b": {"a": 1, "\u0061": 2}}]"#).contains("twice"));
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for bytes in [
            &b""[..],
            b" ",
            b"{",
            b"{} {}",
            b"{'a': 1}",
            b"{\"a\": NaN}",
            b"{\"a\": 1e999}",
            b"{\"a\": 01}",
            b"{\"a\": \"\xff\"}",
            b"{\"a\": \"\\ud800\"}",
            b"\xef\xbb\xbf{}",
            b"{\"a\": \"\n\"}",
        ] {
            refusal(bytes);
        }
    }

    #[test]
    fn nesting_has_a_limit() {
        let nested = |depth| ["[".repeat(depth), "]".repeat(depth)].concat();
        assert!(parse(nested(100).as_bytes()).is_ok());
        assert!(refusal(nested(10_000).as_bytes()).contains("recursion limit"));
        let objects = "{\"a\":".repeat(10_000);
        assert!(refusal(objects.as_bytes()).contains("recursion limit"));
    }
}
