use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

use crate::admin::problem::Problem;

pub(crate) const JSON: &str = "application/json";
pub(crate) const MERGE_PATCH: &str = "application/merge-patch+json";

/// Refuses a body that is not said to be of the accepted type, or is compressed.
pub(crate) fn check(headers: &HeaderMap, accepted: &'static str) -> Result<(), Problem> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let named = types.next().and_then(|named| named.to_str().ok());
    let is_accepted = named.is_some_and(|named| is(named, accepted)) && types.next().is_none();
    let encodings = headers.get_all(CONTENT_ENCODING).iter();
    let mut encoded =
        encodings.filter(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    if is_accepted && encoded.next().is_none() {
        Ok(())
    } else {
        Err(Problem::unsupported_media_type(accepted))
    }
}

/// Whether `named` is `accepted`, in the only character set that JSON has.
fn is(named: &str, accepted: &str) -> bool {
    let mut parts = named.split(';').map(str::trim);
    let is_named = parts
        .next()
        .is_some_and(|name| name.eq_ignore_ascii_case(accepted));
    is_named
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
                value.trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            _ => true,
        })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn is_accepted(types: &[&'static str], encoding: Option<&'static str>) -> bool {
        let mut headers = HeaderMap::new();
        for named in types {
            headers.append(CONTENT_TYPE, HeaderValue::from_static(named));
        }
        if let Some(encoding) = encoding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        check(&headers, JSON).is_ok()
    }

    #[test]
    fn json_is_accepted_however_it_is_named() {
        for named in [
            "application/json",
            "Application/JSON",
            "application/json;charset=utf-8",
            "application/json ; Charset=\"UTF-8\"; v=1",
        ] {
            assert!(is_accepted(&[named], None), "{named}");
        }
        assert!(is_accepted(&["application/json"], Some("identity")));
    }

    #[test]
    fn anything_else_is_not() {
        for types in [
            &[][..],
            &[""],
            &["text/plain"],
            &["application/json5"],
            &["application/merge-patch+json"],
            &["application/x-www-form-urlencoded"],
            &["application/json; charset=latin1"],
            &["application/json", "application/json"],
        ] {
            assert!(!is_accepted(types, None), "{types:?}");
        }
        assert!(!is_accepted(&["application/json"], Some("gzip")));
    }
}
