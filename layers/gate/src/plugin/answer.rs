use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Method, Response, StatusCode};

use super::ResponseBody;
use super::notes::Notes;
use crate::{CancelledError, PanickedError, PluginState, Rejected};

/// How a client of the gated service expects to be told that there is nobody to serve it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Protocol {
    /// Status 503 with `Retry-After` and a small JSON body.
    #[default]
    Http,
    /// Status 200 with `grpc-status: 14` (`UNAVAILABLE`) on headers that end the stream.
    Grpc,
}

/// What a layer answers in place of the service: its protocol and its `Retry-After`.
///
/// The default is HTTP with a `Retry-After` of one second.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    protocol: Protocol,
    catches_panics: bool,
    retry_after: u32,
}

/// What rejections say, written once for each plugin and state.
pub(crate) struct Told {
    json: Arc<Bytes>,
    retry_after: HeaderValue,
    /// What `retry_after` says; another layer may say otherwise.
    seconds: u32,
    grpc_message: Option<HeaderValue>,
}

impl Default for Answer {
    fn default() -> Self {
        Self::new(Protocol::Http)
    }
}

impl Answer {
    /// An answer in `protocol`, with a `Retry-After` of one second.
    #[must_use]
    pub const fn new(protocol: Protocol) -> Self {
        Self {
            protocol,
            retry_after: 1,
            catches_panics: false,
        }
    }

    /// With another `Retry-After`, rounded up to whole seconds.
    #[must_use]
    pub const fn retry_after(mut self, after: Duration) -> Self {
        let part = if after.subsec_nanos() == 0 { 0 } else { 1 };
        let seconds = after.as_secs().saturating_add(part);
        self.retry_after = if seconds > u32::MAX as u64 {
            u32::MAX
        } else {
            seconds as u32
        };
        self
    }

    /// Answers 500, or gRPC's `INTERNAL`, when the service behind panics, instead of passing the
    /// panic on to the server.
    #[must_use]
    pub const fn catch_panics(mut self) -> Self {
        self.catches_panics = true;
        self
    }

    /// Whether [`catch_panics`](Self::catch_panics) was asked for.
    #[inline]
    #[must_use]
    pub const fn catches_panics(self) -> bool {
        self.catches_panics
    }

    /// As it is to be given to one request: a tunnel must not be told that it is open, which is
    /// what any 2xx means to CONNECT.
    #[must_use]
    #[inline]
    pub fn for_method(mut self, method: &Method) -> Self {
        if method == Method::CONNECT {
            self.protocol = Protocol::Http;
        }
        self
    }

    #[inline]
    pub(super) fn notes(self) -> Notes {
        Notes::new(self.protocol, self.catches_panics)
    }

    #[inline]
    pub(super) fn protocol(self) -> Protocol {
        self.protocol
    }

    /// The response to a request that was not admitted.
    #[must_use]
    pub fn rejection<B>(self, rejected: &Rejected) -> Response<ResponseBody<B>> {
        self.rejection_in(HeaderMap::new(), rejected)
    }

    /// As [`rejection`](Self::rejection), written into a header map that is there already, the
    /// request's own: where that has had a few headers, nothing has to be allocated.
    #[must_use]
    pub fn rejection_in<B>(
        self,
        mut headers: HeaderMap,
        rejected: &Rejected,
    ) -> Response<ResponseBody<B>> {
        headers.clear();
        let written;
        let told = match rejected.is_held() {
            // The rarer answers, which say more than the state.
            true => {
                written = self.tell(rejected);
                &written
            }
            false => rejected.told(|| self.tell(rejected)),
        };
        let (status, body) = match self.protocol {
            Protocol::Http => {
                headers.insert(CONTENT_TYPE, APPLICATION_JSON);
                let after = match told.seconds == self.retry_after {
                    true => told.retry_after.clone(),
                    false => seconds(self.retry_after),
                };
                headers.insert(RETRY_AFTER, after);
                let body = ResponseBody::full(Arc::clone(&told.json));
                (StatusCode::SERVICE_UNAVAILABLE, body)
            }
            Protocol::Grpc => {
                put_grpc_status(&mut headers, UNAVAILABLE, told.grpc_message.clone());
                headers.insert(CONTENT_TYPE, APPLICATION_GRPC);
                (StatusCode::OK, ResponseBody::empty())
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }

    #[cold]
    fn tell(self, rejected: &Rejected) -> Told {
        let (plugin, state) = (rejected.plugin(), rejected.state());
        let message = rejected.to_string();
        let json = json("plugin_unavailable", plugin, Some(state), &message);
        Told {
            json: Arc::new(json.into()),
            retry_after: seconds(self.retry_after),
            seconds: self.retry_after,
            grpc_message: grpc_message(&message),
        }
    }

    /// The response to a request that was cancelled before its head was out.
    #[must_use]
    pub fn cancellation<B>(self, cancelled: &CancelledError) -> Response<ResponseBody<B>> {
        let (plugin, state) = (cancelled.plugin(), cancelled.state());
        let message = cancelled.to_string();
        let json = || json("request_cancelled", plugin, Some(state), &message);
        self.unavailable(json, &message)
    }

    /// The response to a request that ended in a panic before its head was out.
    #[must_use]
    pub fn panic<B>(self, panicked: &PanickedError) -> Response<ResponseBody<B>> {
        let message = panicked.to_string();
        let json = || json("plugin_panicked", panicked.plugin(), None, &message);
        self.response(StatusCode::INTERNAL_SERVER_ERROR, json, INTERNAL, &message)
    }

    /// The response to a request for a plugin that there is not, or is not yet.
    pub(crate) fn unknown_plugin<B>(
        self,
        is_retryable: bool,
        message: &str,
    ) -> Response<ResponseBody<B>> {
        let json = || {
            let message = JsonStr(message);
            format!(r#"{{"status":"error","code":"plugin_not_found","message":{message}}}"#)
        };
        if is_retryable {
            return self.unavailable(json, message);
        }
        self.response(StatusCode::NOT_FOUND, json, UNIMPLEMENTED, message)
    }

    fn unavailable<B>(
        self,
        json: impl FnOnce() -> String,
        message: &str,
    ) -> Response<ResponseBody<B>> {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let mut response = self.response(status, json, UNAVAILABLE, message);
        if self.protocol == Protocol::Http {
            let after = seconds(self.retry_after);
            response.headers_mut().insert(RETRY_AFTER, after);
        }
        response
    }

    fn response<B>(
        self,
        status: StatusCode,
        json: impl FnOnce() -> String,
        grpc: &'static str,
        message: &str,
    ) -> Response<ResponseBody<B>> {
        match self.protocol {
            Protocol::Http => {
                let mut response = Response::new(ResponseBody::full(Arc::new(json().into())));
                *response.status_mut() = status;
                response
                    .headers_mut()
                    .insert(CONTENT_TYPE, APPLICATION_JSON);
                response
            }
            Protocol::Grpc => {
                let mut response = Response::new(ResponseBody::empty());
                *response.headers_mut() = grpc_status(grpc, message);
                response
                    .headers_mut()
                    .insert(CONTENT_TYPE, APPLICATION_GRPC);
                response
            }
        }
    }
}

const APPLICATION_JSON: HeaderValue = HeaderValue::from_static("application/json");
const APPLICATION_GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

const UNIMPLEMENTED: &str = "12";
pub(super) const INTERNAL: &str = "13";
pub(super) const UNAVAILABLE: &str = "14";

/// The trailers, or trailers-only headers, of a call that ends with `status`.
pub(super) fn grpc_status(status: &'static str, message: &str) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(3);
    put_grpc_status(&mut headers, status, grpc_message(message));
    headers
}

fn put_grpc_status(headers: &mut HeaderMap, status: &'static str, message: Option<HeaderValue>) {
    headers.insert(GRPC_STATUS, HeaderValue::from_static(status));
    if let Some(message) = message {
        headers.insert(GRPC_MESSAGE, message);
    }
}

fn grpc_message(message: &str) -> Option<HeaderValue> {
    HeaderValue::try_from(percent_encode(message)).ok()
}

/// A `Retry-After`; the usual one without allocating.
fn seconds(seconds: u32) -> HeaderValue {
    match seconds {
        1 => HeaderValue::from_static("1"),
        seconds => HeaderValue::from(seconds),
    }
}

/// gRPC's percent-encoding of `grpc-message`: printable ASCII but `%` stays as it is.
fn percent_encode(message: &str) -> String {
    message
        .bytes()
        .fold(String::with_capacity(message.len()), |mut out, byte| {
            match byte {
                b'%' | ..b' ' | 0x7f.. => {
                    let _ = write!(out, "%{byte:02X}");
                }
                _ => out.push(char::from(byte)),
            }
            out
        })
}

fn json(code: &str, plugin: &str, state: Option<PluginState>, message: &str) -> String {
    let (plugin, message) = (JsonStr(plugin), JsonStr(message));
    let state = state.map_or_else(String::new, |state| format!(r#""state":"{state}","#));
    format!(r#"{{"plugin":{plugin},"status":"error","code":"{code}",{state}"message":{message}}}"#)
}

struct JsonStr<'a>(&'a str);

impl std::fmt::Display for JsonStr<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                '\0'..='\x1f' => write!(f, "\\u{:04x}", u32::from(c))?,
                _ => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

#[cfg(all(test, not(tower_plugin_loom)))]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_in_json() {
        let body = json("c", "a\"\\\n", Some(PluginState::Failed), "é");
        assert!(body.contains(r#""plugin":"a\"\\\u000a""#), "{body}");
        assert!(body.contains(r#""message":"é""#), "{body}");
    }

    #[test]
    fn grpc_message_is_percent_encoded() {
        assert_eq!(percent_encode("50% `ä`\n"), "50%25 `%C3%A4`%0A");
    }

    #[test]
    fn retry_after_is_rounded_up_to_whole_seconds() {
        let answer = Answer::default().retry_after(Duration::from_millis(1200));
        assert_eq!(answer.retry_after, 2);
        assert_eq!(answer.retry_after(Duration::from_secs(3)).retry_after, 3);
    }
}
