use std::time::SystemTime;

use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Response};
use serde_json::{Map, Value};

use super::Problem;
use crate::time::to_unix;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM: &str = "application/problem+json";

/// How a client wants to be told about a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The origin's: `status` is `"error"`.
    Plain,
    /// RFC 9457: `status` is the number, with `type`, `title` and `detail`.
    Rfc9457,
}

impl Form {
    /// RFC 9457 for who asks for it by name, else plain.
    pub(crate) fn accepted(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(ACCEPT).iter();
        let mut ranges = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','));
        if ranges.any(names_problem) {
            Self::Rfc9457
        } else {
            Self::Plain
        }
    }

    /// Gives a response that carries a problem its body.
    pub(crate) fn write<B: From<Vec<u8>>>(self, problem: Problem, response: &mut Response<B>) {
        let content_type = match self {
            Self::Plain => JSON,
            Self::Rfc9457 => HeaderValue::from_static(PROBLEM),
        };
        let members = self.members(problem);
        *response.body_mut() = B::from(Value::Object(members).to_string().into_bytes());
        response.headers_mut().insert(CONTENT_TYPE, content_type);
    }

    /// The members of that body.
    pub(crate) fn members(self, problem: Problem) -> Map<String, Value> {
        let status = problem.status();
        let (code, message, mut members) = problem.into_parts();
        let mut set = |name: &str, value: Value| members.insert(name.to_owned(), value);
        set("code", code.into());
        set("timestamp", to_unix(SystemTime::now()).into());
        match self {
            Self::Plain => {
                set("status", "error".into());
            }
            Self::Rfc9457 => {
                set("type", "about:blank".into());
                set("title", status.canonical_reason().unwrap_or("Error").into());
                set("status", status.as_u16().into());
                set("detail", message.as_str().into());
            }
        }
        set("message", message.into());
        members
    }
}

/// Whether a media range names RFC 9457's type, with a weight that is not zero.
fn names_problem(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let is_named = parts
        .next()
        .is_some_and(|name| name.eq_ignore_ascii_case(PROBLEM));
    let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
    is_named && weight.is_none_or(|weight| weight.parse::<f32>().is_ok_and(|weight| weight > 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(accept: &'static str) -> Form {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        Form::accepted(&headers)
    }

    #[test]
    fn rfc_9457_is_for_who_names_it() {
        for accept in [
            "application/problem+json",
            "application/json, Application/Problem+JSON;q=0.5",
            "application/problem+json; charset=utf-8",
        ] {
            assert_eq!(accepted(accept), Form::Rfc9457, "{accept}");
        }
        assert_eq!(Form::accepted(&HeaderMap::new()), Form::Plain);
        for accept in [
            "",
            "*/*",
            "application/json",
            "application/*",
            "application/problem+json;q=0",
            "application/problem+json;q=0.000",
            "application/problem+xml",
        ] {
            assert_eq!(accepted(accept), Form::Plain, "{accept}");
        }
    }
}
