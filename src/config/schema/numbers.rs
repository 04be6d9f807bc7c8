use std::collections::HashSet;

use serde_json::{Number, Value};

use super::part::parts;

/// The smallest and the largest number of a format, as OpenAPI and schemars name them.
fn bounds(format: &str) -> Option<(i64, u64)> {
    let signed = |bits: u32| (i64::MIN >> (64 - bits), (i64::MAX as u64) >> (64 - bits));
    let unsigned = |bits: u32| (0, u64::MAX >> (64 - bits));
    Some(match format {
        "int8" => signed(8),
        "int16" => signed(16),
        "int32" => signed(32),
        "int64" => signed(64),
        "int" => signed(isize::BITS),
        "uint8" => unsigned(8),
        "uint16" => unsigned(16),
        "uint32" => unsigned(32),
        "uint64" => unsigned(64),
        "uint" => unsigned(usize::BITS),
        _ => return None,
    })
}

/// Has the format of an integer say which integers there are, where nothing else does: by itself it
/// means nothing to who checks or reads the schema, but the plugin's type refuses what is outside.
pub(super) fn bound(mut schema: Value) -> Value {
    let mut pointers = HashSet::new();
    let mut left = vec![(String::new(), &schema)];
    while let Some((pointer, part)) = left.pop() {
        if !pointers.contains(&pointer) {
            // The schema has been walked before: its references lead somewhere.
            let next = parts(&schema, part, &pointer).unwrap_or_default();
            left.extend(next.into_iter().map(|next| (next.pointer, next.schema)));
            pointers.insert(pointer);
        }
    }
    for pointer in pointers {
        if let Some(Value::Object(keywords)) = schema.pointer_mut(&pointer) {
            let format = keywords.get("format").and_then(Value::as_str);
            let is_integer = keywords.get("type").is_some_and(names_integer);
            let Some((smallest, largest)) = format.and_then(bounds).filter(|_| is_integer) else {
                continue;
            };
            if !keywords.contains_key("exclusiveMinimum") {
                let minimum = keywords.entry("minimum");
                minimum.or_insert_with(|| smallest.into());
            }
            if !keywords.contains_key("exclusiveMaximum") {
                let maximum = keywords.entry("maximum");
                maximum.or_insert_with(|| largest.into());
            }
        }
    }
    schema
}

/// Writes a number as the integer it is, where the schema asks for one: to JSON Schema `4.0` and
/// `4e0` are integers, to a type they are none.
pub(super) fn as_integer(schema: &Value, value: &mut Value) {
    let Value::Number(number) = &*value else {
        return;
    };
    if !number.is_f64() || !schema.get("type").is_some_and(names_integer) {
        return;
    }
    if let Some(integer) = number.as_f64().and_then(integer) {
        *value = Value::Number(integer);
    }
}

/// `type` is a name, or a list of names.
fn names_integer(of: &Value) -> bool {
    match of {
        Value::Array(names) => {
            names.iter().any(|name| name == "integer") && names.iter().all(|name| name != "number")
        }
        name => name == "integer",
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it has no fraction and is in the range"
)]
fn integer(number: f64) -> Option<Number> {
    const TWO_TO_THE_63: f64 = 9_223_372_036_854_775_808.0;
    if number.fract() != 0.0 {
        None
    } else if (0.0..2.0 * TWO_TO_THE_63).contains(&number) {
        Some((number as u64).into())
    } else if (-TWO_TO_THE_63..0.0).contains(&number) {
        Some((number as i64).into())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::Deserialize;
    use serde_json::json;

    use super::super::Schema;
    use super::*;

    #[derive(Debug, Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its deserialization is looked at")]
    struct Numbers {
        u8: Option<u8>,
        i8: Option<i8>,
        u32: Option<u32>,
        i32: Option<i32>,
        u64: Option<u64>,
        i64: Option<i64>,
        usize: Option<usize>,
        nonzero: Option<std::num::NonZeroU32>,
        named: Option<std::collections::BTreeMap<String, u16>>,
        list: Option<Vec<i16>>,
        float: Option<f64>,
    }

    fn schema() -> Schema {
        let schema = schemars::schema_for!(Numbers).to_value();
        Schema::new(Some(schema), [""; 0]).unwrap()
    }

    #[test]
    fn format_is_published_with_its_bounds() {
        let schema = schema();
        let shown = &schema.published().unwrap()["properties"];
        for (name, minimum, maximum) in [
            ("u8", json!(0), json!(255)),
            ("i8", json!(-128), json!(127)),
            ("u32", json!(0), json!(4_294_967_295_u32)),
            ("i32", json!(i32::MIN), json!(i32::MAX)),
            ("u64", json!(0), json!(u64::MAX)),
            ("i64", json!(i64::MIN), json!(i64::MAX)),
            ("nonzero", json!(1), json!(u32::MAX)),
        ] {
            let told = (&shown[name]["minimum"], &shown[name]["maximum"]);
            assert_eq!(told, (&minimum, &maximum), "{name}");
        }
        assert_eq!(shown["list"]["items"]["maximum"], i16::MAX);
        assert_eq!(shown["float"].get("maximum"), None);

        let exclusive = json!({"type": "integer", "format": "int8", "exclusiveMinimum": 0});
        let expected = json!({
            "type": "integer", "format": "int8", "exclusiveMinimum": 0, "maximum": 127
        });
        assert_eq!(bound(exclusive), expected);
        let text = json!({"type": "string", "format": "int8"});
        assert_eq!(bound(text.clone()), text);
    }

    #[test]
    fn bound_ends_in_a_schema_that_holds_itself() {
        let schema = json!({
            "properties": {"next": {"$ref": "#"}, "n": {"type": "integer", "format": "uint8"}}
        });
        assert_eq!(bound(schema)["properties"]["n"]["maximum"], 255);
    }

    #[cfg(feature = "validate")]
    /// Numbers about every bound, written in each way.
    fn tried() -> Vec<Value> {
        let mut tried = vec![
            json!(4.5),
            json!(-0.0),
            json!(1e300),
            json!(-1e300),
            json!(1e18),
        ];
        for bits in [7, 8, 15, 16, 31, 32, 53, 63, 64] {
            let power = 2_f64.powi(bits);
            tried.extend([json!(power), json!(-power), json!(power / 2.0 + 1.0)]);
            let largest = u64::MAX >> (64 - bits);
            tried.extend([json!(largest), json!(largest.saturating_add(1))]);
            let smallest = i64::MIN >> (64 - bits).min(63);
            tried.extend([json!(smallest), json!(smallest.saturating_sub(1))]);
        }
        tried
    }

    #[cfg(feature = "validate")]
    #[test]
    fn type_takes_what_the_schema_takes_and_nothing_else() {
        let schema = schema();
        let names = [
            "u8", "i8", "u32", "i32", "u64", "i64", "usize", "nonzero", "float",
        ];
        let mut taken = 0;
        for number in tried() {
            let mut configs: Vec<_> = names.map(|name| json!({name: number})).into();
            configs.push(json!({"named": {"a/b": number}}));
            configs.push(json!({"list": [0, number]}));
            for config in configs {
                let effective = schema.effective(&config).unwrap();
                let checked = schema.check(&effective);
                let decoded = crate::config::decode::<Numbers>(&effective);
                assert_eq!(
                    checked.as_ref().err().map(crate::ConfigError::pointer),
                    decoded.as_ref().err().map(crate::ConfigError::pointer),
                    "{config}: {checked:?} but {decoded:?}"
                );
                taken += usize::from(checked.is_ok());
            }
        }
        assert!(taken > 200, "{taken}");
    }

    #[test]
    fn integer_with_a_fraction_of_nothing_is_shown_as_one() {
        let schema = json!({
            "properties": {
                "a": {"type": "integer"}, "b": {"$ref": "#/$defs/b"}, "c": {"type": "number"},
                "d": {"type": ["integer", "number"]}, "e": {"type": ["integer", "null"]}
            },
            "$defs": {"b": {"items": {"type": "integer"}}}
        });
        let schema = Schema::new(Some(schema), [""; 0]).unwrap();
        let config = json!({"a": 4.0, "b": [1e3, 1.5], "c": 4.0, "d": 4.0, "e": -2.0, "f": 4.0});
        assert_eq!(
            schema.effective(&config).unwrap().to_string(),
            r#"{"a":4,"b":[1000,1.5],"c":4.0,"d":4.0,"e":-2,"f":4.0}"#
        );
    }
}
