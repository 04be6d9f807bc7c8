use http::{HeaderMap, Response};
use http_body::Body;
use http_body_util::BodyExt;
use serde_json::{Value, json};

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    pub async fn read<B>(response: Response<B>) -> Self
    where
        B: Body,
        B::Error: std::fmt::Debug,
    {
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self {
            status: head.status.as_u16(),
            headers: head.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"));
        self.parsed()
    }

    pub fn parsed(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{}", self.text))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The shape of every error.
    pub fn assert_error(&self, code: &str) {
        let error = self.json();
        assert_eq!(
            (&error["status"], &error["code"]),
            (&json!("error"), &json!(code)),
            "{error}"
        );
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|message| !message.is_empty()),
            "{error}"
        );
        assert!(
            error["timestamp"]
                .as_u64()
                .is_some_and(|time| time > 1_700_000_000),
            "{error}"
        );
        self.assert_headers();
    }

    /// The headers of every answer.
    pub fn assert_headers(&self) {
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"));
        assert!(self.header("access-control-allow-origin").is_none());
    }
}

/// A value with the names of types in place of what is in it.
pub fn shape(value: &Value) -> Value {
    match value {
        Value::Null => json!("null"),
        Value::Bool(_) => json!("bool"),
        Value::Number(_) => json!("number"),
        Value::String(_) => json!("string"),
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::Object(members) => {
            let shapes = members
                .iter()
                .map(|(name, value)| (name.clone(), shape(value)));
            Value::Object(shapes.collect())
        }
    }
}
