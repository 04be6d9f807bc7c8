use http::Uri;

use super::problem::Problem;

/// The plugin named by the query, which must name one and say nothing else.
pub(super) fn plugin(uri: &Uri) -> Result<String, Problem> {
    let mut values = parse(uri, &["plugin"])?.into_iter();
    match (values.next(), values.next()) {
        (Some((_, name)), None) if !name.is_empty() => Ok(name),
        _ => Err(Problem::plugin_required()),
    }
}

/// Refuses a query where none is expected.
pub(super) fn none(uri: &Uri) -> Result<(), Problem> {
    parse(uri, &[]).map(|_| ())
}

/// The decoded pairs of a query. A key that is not `known` is refused rather than ignored: it may
/// have been meant to hold something back, as `dry_run` is.
fn parse(uri: &Uri, known: &[&str]) -> Result<Vec<(String, String)>, Problem> {
    let pairs = uri.query().unwrap_or_default().split('&');
    pairs
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (key, value) = (decode(key)?, decode(value)?);
            if !known.contains(&key.as_str()) {
                let known = match known {
                    [] => "takes no query".to_owned(),
                    known => format!("knows only `{}`", known.join("`, `")),
                };
                let message = format!("unknown query key `{key}`: this endpoint {known}");
                return Err(Problem::invalid_query(message));
            }
            Ok((key, value))
        })
        .collect()
}

fn decode(text: &str) -> Result<String, Problem> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = bytes.next().zip(bytes.next());
                let decoded = digits.and_then(|(high, low)| Some(hex(high)? << 4 | hex(low)?));
                decoded.ok_or_else(|| invalid("`%` must be followed by two hex digits"))?
            }
            other => other,
        });
    }
    let decoded = String::from_utf8(decoded).map_err(|_| invalid("it must be UTF-8"))?;
    if decoded.contains(char::is_control) {
        return Err(invalid("it must not hold control characters"));
    }
    Ok(decoded)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

fn invalid(why: &str) -> Problem {
    Problem::invalid_query(format!("invalid query: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(query: &str) -> Uri {
        format!("/plugins/reload{query}").parse().unwrap()
    }

    #[test]
    fn one_plugin_is_taken_however_it_is_written() {
        for query in [
            "?plugin=geo-1.x",
            "?pl%75gin=geo%2D1.x",
            "?&plugin=geo-1.x&",
        ] {
            assert_eq!(plugin(&uri(query)).unwrap(), "geo-1.x", "{query}");
        }
        assert_eq!(plugin(&uri("?plugin=a+b=c")).unwrap(), "a b=c");
    }

    #[test]
    fn none_and_two_plugins_are_too_few_and_too_many() {
        for query in [
            "",
            "?",
            "?plugin",
            "?plugin=",
            "?plugin=a&plugin=a",
            "?plugin=&plugin=a",
        ] {
            assert_eq!(
                plugin(&uri(query)).unwrap_err().code(),
                "plugin_required",
                "{query}"
            );
        }
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        for query in [
            "?plugin=a&x=1",
            "?plugin=a&dry_run=true",
            "?Plugin=a",
            "?=a",
            "?plugin=a%00",
            "?plugin=a%0a",
            "?plugin=%7f",
            "?plugin=%c2%85",
            "?plugin=a%",
            "?plugin=a%2",
            "?plugin=%+1",
            "?plugin=%zz",
            "?plugin=%ff",
            "?pl%00ugin=a",
        ] {
            assert_eq!(
                plugin(&uri(query)).unwrap_err().code(),
                "invalid_query",
                "{query}"
            );
        }
    }

    #[test]
    fn endpoint_without_a_query_refuses_one() {
        assert!(none(&uri("")).is_ok());
        assert!(none(&uri("?")).is_ok());
        assert_eq!(none(&uri("?plugin=a")).unwrap_err().code(), "invalid_query");
    }
}
