use std::fmt::Write as _;

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

pub(super) const APPLICATION_JSON: HeaderValue = HeaderValue::from_static("application/json");
pub(super) const APPLICATION_GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

pub(super) const UNIMPLEMENTED: &str = "12";
pub(in crate::plugin) const INTERNAL: &str = "13";
pub(in crate::plugin) const UNAVAILABLE: &str = "14";

/// The trailers, or trailers-only headers, of a call that ends with `status`.
pub(in crate::plugin) fn grpc_status(status: &'static str, message: &str) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(3);
    put_grpc_status(&mut headers, status, grpc_message(message));
    headers
}

pub(super) fn put_grpc_status(
    headers: &mut HeaderMap,
    status: &'static str,
    message: Option<HeaderValue>,
) {
    headers.insert(GRPC_STATUS, HeaderValue::from_static(status));
    if let Some(message) = message {
        headers.insert(GRPC_MESSAGE, message);
    }
}

pub(super) fn grpc_message(message: &str) -> Option<HeaderValue> {
    HeaderValue::try_from(percent_encode(message)).ok()
}

/// A `Retry-After`; the usual one without allocating.
pub(super) fn seconds(seconds: u32) -> HeaderValue {
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

#[cfg(all(test, not(tower_plugin_loom)))]
mod tests {
    use super::*;

    #[test]
    fn grpc_message_is_percent_encoded() {
        assert_eq!(percent_encode("50% `ä`\n"), "50%25 `%C3%A4`%0A");
    }
}
