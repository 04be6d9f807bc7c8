use http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Response, StatusCode};
use serde_json::{Map, Value};

use super::Code;

/// Why a request is not answered as asked.
///
/// It travels in a response's extensions and becomes a body on the way out, where it is known
/// which form the client accepts.
#[derive(Debug, Clone)]
pub(crate) struct Problem(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    code: Code,
    message: String,
    members: Map<String, Value>,
    headers: HeaderMap,
}

impl Problem {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        let problem = Self(Box::new(Inner {
            code,
            message: message.into(),
            members: Map::new(),
            headers: HeaderMap::new(),
        }));
        match code == Code::OPERATION_IN_PROGRESS {
            // Of one plugin or of several: it will be over soon.
            true => problem.header(RETRY_AFTER, HeaderValue::from_static("1")),
            false => problem,
        }
    }

    /// With a further member.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.members.insert(name.to_owned(), value.into());
        self
    }

    /// With a header.
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.0.code.status()
    }

    pub(crate) fn code(&self) -> Code {
        self.0.code
    }

    #[cfg(test)]
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    pub(super) fn into_parts(self) -> (&'static str, String, Map<String, Value>) {
        let Inner {
            code,
            message,
            members,
            ..
        } = *self.0;
        (code.name(), message, members)
    }

    /// A response that carries the problem and has no body yet.
    pub(crate) fn into_response<B: Default>(self) -> Response<B> {
        let mut response = Response::new(B::default());
        *response.status_mut() = self.status();
        *response.headers_mut() = self.0.headers.clone();
        response.extensions_mut().insert(self);
        response
    }
}
