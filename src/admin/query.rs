use std::str::FromStr;
use std::time::Duration;

use http::Uri;

use super::problem::Problem;
use crate::GoDuration;

/// The plugin named by the query, which must name one and say nothing else.
pub(super) fn plugin(uri: &Uri) -> Result<String, Problem> {
    Query::read(uri, &["plugin"])?.plugin()
}

/// What a query says, each key at most once.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Refuses keys that are not `known`.
    pub(super) fn read(uri: &Uri, known: &[&str]) -> Result<Self, Problem> {
        parse(uri, known).map(Self)
    }

    /// The plugin, which it must name.
    pub(super) fn plugin(&self) -> Result<String, Problem> {
        let mut named = self.values("plugin");
        match (named.next(), named.next()) {
            (Some(name), None) if !name.is_empty() => Ok(name.to_owned()),
            _ => Err(Problem::plugin_required()),
        }
    }

    /// The value of a key, if it is there.
    pub(super) fn get(&self, key: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.values(key);
        let value = values.next();
        match values.next() {
            None => Ok(value),
            Some(_) => Err(invalid(&format!("say `{key}` once"))),
        }
    }

    /// A duration in Go's notation.
    pub(super) fn duration(&self, key: &str) -> Result<Option<Duration>, Problem> {
        let Some(value) = self.get(key)? else {
            return Ok(None);
        };
        match value.parse::<GoDuration>() {
            Ok(duration) => Ok(Some(duration.0)),
            Err(error) => Err(invalid(&format!("`{key}` is {error}"))),
        }
    }

    /// A whole number.
    pub(super) fn number(&self, key: &str) -> Result<Option<u64>, Problem> {
        let Some(value) = self.get(key)? else {
            return Ok(None);
        };
        match value.parse() {
            Ok(number) if value.bytes().all(|byte| byte.is_ascii_digit()) => Ok(Some(number)),
            _ => Err(invalid(&format!("`{key}` must be a whole number"))),
        }
    }

    /// How many to answer with, at most: 1 to 1000, or 100 where nothing is said.
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        match self.number("limit")? {
            None => Ok(100),
            Some(limit @ 1..=1000) => Ok(limit as usize),
            Some(_) => Err(invalid("`limit` must be 1 to 1000")),
        }
    }

    /// Whether a key is there and says so: `true`, `false`, or nothing for false.
    pub(super) fn flag(&self, key: &str) -> Result<bool, Problem> {
        match self.get(key)? {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(invalid(&format!("`{key}` must be `true` or `false`"))),
        }
    }

    /// Every value of a key.
    pub(super) fn all(&self, key: &str) -> Vec<&str> {
        self.values(key).collect()
    }

    /// A value that is read as a type and is in its bounds.
    pub(super) fn parsed<T: FromStr>(
        &self,
        key: &str,
        must_be: &str,
        is_good: impl FnOnce(&T) -> bool,
    ) -> Result<Option<T>, Problem> {
        let Some(value) = self.get(key)? else {
            return Ok(None);
        };
        let value = value.parse().ok().filter(is_good);
        let value = value.ok_or_else(|| invalid(&format!("`{key}` must be {must_be}")))?;
        Ok(Some(value))
    }

    fn values<'a>(&'a self, key: &str) -> impl Iterator<Item = &'a str> {
        let pairs = self.0.iter().filter(move |(known, _)| known == key);
        pairs.map(|(_, value)| value.as_str())
    }
}

/// The first value of a key, whatever else the query says: to tell of it, not to act on it.
pub(super) fn first(uri: &Uri, key: &str) -> Option<String> {
    let mut pairs = uri
        .query()?
        .split('&')
        .filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == key)?;
    decode(value).ok()
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
                plugin(&uri(query)).unwrap_err().code().name(),
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
                plugin(&uri(query)).unwrap_err().code().name(),
                "invalid_query",
                "{query}"
            );
        }
    }

    #[test]
    fn endpoint_without_a_query_refuses_one() {
        assert!(none(&uri("")).is_ok());
        assert!(none(&uri("?")).is_ok());
        assert_eq!(
            none(&uri("?plugin=a")).unwrap_err().code().name(),
            "invalid_query"
        );
    }
}
