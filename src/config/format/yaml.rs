use std::{io, thread};

use serde_json::Value;
use serde_saphyr::{Options, budget, options};

use super::format::utf8;
use crate::{ConfigError, StoreError};

/// How deep a document may be nested: as deep as JSON may.
const DEEPEST: usize = 127;

/// Three times what that takes without optimizations.
const STACK: usize = 8 * 1024 * 1024;

fn options() -> Options {
    options! {
        budget: budget! { max_depth: DEEPEST },
        // As YAML 1.2 has it: `no` is a text.
        strict_booleans: true,
        reject_non_finite_typeless_float: true,
        // It would quote the document.
        with_snippet: false,
    }
}

/// The config that a YAML document is, by the core schema of YAML 1.2.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, StoreError> {
    let text = utf8(bytes)?;
    let parsed = on_deep_stack(|| serde_saphyr::from_str_with_options(text, options()));
    parsed
        .map_err(StoreError::unavailable)?
        .map_err(|error| broken(&error))
}

/// A config as a YAML document, without comments.
pub(super) fn write(config: &Value) -> Result<String, ConfigError> {
    let written = on_deep_stack(|| serde_saphyr::to_string(config));
    let text = written.ok().and_then(Result::ok);
    text.ok_or_else(|| ConfigError::new("", "must be what YAML can say"))
}

fn broken(error: &serde_saphyr::Error) -> StoreError {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let at = error.location();
    let at = at.map(|at| (number(at.line()), number(at.column())));
    let mut message = error.without_snippet().to_string();
    if let serde_saphyr::Error::NonFiniteFloat { .. } = error.without_snippet() {
        message = "must be a finite number".to_owned();
    }
    // What follows says where, and names what a programmer could do.
    let end = [", set ", " at line ", "; use ", ": "].map(|end| message.find(end));
    let end = end.into_iter().flatten().min().unwrap_or(message.len());
    match at {
        Some(at) => StoreError::broken_at(&message[..end], at),
        None => StoreError::broken(message[..end].to_owned()),
    }
}

/// Each level takes a good deal of the stack, and a thread's own may be small.
fn on_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("yaml".to_owned());
        let thread = thread.stack_size(STACK).spawn_scoped(scope, work)?;
        thread
            .join()
            .map_err(|_| io::Error::other("the parser panicked"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Format;
    use super::*;

    #[test]
    fn what_was_written_reads_as_the_same() {
        let config = json!({
            "a": "no", "b": [1, -2.5, 1.0, [true, {"x": "y: z"}]], "c": null, "d": u64::MAX,
            "e": {}, "f": [], "": "~", "1": "012", "yes": "0x1F", "g": "a\nb\n", "h": "\u{0}",
            "i": "1e3", "j": ".nan", "k": "# x", "l": "- x", "m": " x", "n": "1979-05-27"
        });
        let text = Format::Yaml.write(&config).unwrap();
        assert_eq!(parse(text.as_bytes()).unwrap(), config, "{text}");
    }

    #[test]
    fn scalars_are_those_of_yaml_1_2() {
        let text = b"a: no\nb: true\nd: 0x1F\ne: ~\nf: 1.5e3\ng: &x [1]\nh: *x\n";
        let config = json!({
            "a": "no", "b": true, "d": 31, "e": null, "f": 1500.0, "g": [1], "h": [1]
        });
        assert_eq!(parse(text).unwrap(), config);
    }

    #[test]
    fn broken_document_is_reported_with_its_place_and_not_quoted() {
        let deep = "[".repeat(10_000);
        let indented: String = (0..1000)
            .map(|depth| format!("{}a:\n", " ".repeat(depth)))
            .collect();
        for (text, at) in [
            ("token: 's3cr3t\n", (2, 1)),
            ("a: [s3cr3t\nb: 1", (2, 2)),
            ("token: s3cr3t: d", (1, 14)),
            ("s3cr3t: 1\ns3cr3t: 2\n", (2, 1)),
            ("a: s3cr3t\n---\nb: 2\n", (3, 1)),
            ("a: .nan", (1, 4)),
            ("s: s3cr3t\na: [1,\n  -.inf]", (3, 3)),
            ("a: 1e999", (1, 4)),
            ("a: !!float .nan", (1, 12)),
            ("a: &a [*a]", (1, 8)),
            ("null: s3cr3t", (1, 1)),
            (&deep, (1, 0)),
            (&indented, (128, 0)),
        ] {
            let error = parse(text.as_bytes()).unwrap_err();
            assert!(error.is_broken(), "{error}");
            let (line, column) = error.position().unwrap();
            assert_eq!(line, at.0, "{text:.40}: {error}");
            assert!(at.1 == 0 || column == at.1, "{text}: {error}");
            assert!(
                !format!("{error} {error:?}").contains("s3cr3t"),
                "{error:?}"
            );
        }
    }

    #[test]
    fn as_deep_as_json_may_be_is_as_deep_as_is_read_on_a_small_stack() {
        let nested = |depth| (1..depth).fold(json!({}), |inner, _| json!({ "a": inner }));
        let small = thread::Builder::new().stack_size(256 * 1024);
        let small = small.spawn(move || {
            let text = Format::Yaml.write(&nested(DEEPEST)).unwrap();
            assert_eq!(parse(text.as_bytes()).unwrap(), nested(DEEPEST));
            assert!(Format::Yaml.write(&nested(DEEPEST + 1)).is_err());
        });
        small.unwrap().join().unwrap();
    }

    #[test]
    fn number_that_is_not_finite_is_called_so() {
        for text in ["a:\n  b: .NaN", "a:\n  b: .inf", "a:\n  b: 1e999"] {
            let told = parse(text.as_bytes()).unwrap_err().to_string();
            let expected = "must be a finite number at line 2 column 6";
            assert!(told.contains(expected), "{text}: {told}");
        }
    }

    #[test]
    fn aliases_cannot_make_much_of_little() {
        let mut text = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned();
        for (this, last) in ('b'..='i').zip('a'..) {
            let aliases = vec![format!("*{last}"); 9].join(",");
            text += &format!("{this}: &{this} [{aliases}]\n");
        }
        assert!(parse(text.as_bytes()).unwrap_err().is_broken());
    }
}
