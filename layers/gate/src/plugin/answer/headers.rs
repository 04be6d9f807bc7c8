//! The headers of HTTP and gRPC.
//!
//! Each kind of insertion has but one call of its own for each type of name. A compiler then
//! makes it part of the caller, where the hash of the name is a constant: a rejection takes two
//! of them, and they are the most of it.

use std::fmt::Write as _;

use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};

const APPLICATION_JSON: HeaderValue = HeaderValue::from_static("application/json");
const APPLICATION_GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const ONE_SECOND: HeaderValue = HeaderValue::from_static("1");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

pub(super) const UNIMPLEMENTED: &str = "12";
pub(in crate::plugin) const INTERNAL: &str = "13";
pub(in crate::plugin) const UNAVAILABLE: &str = "14";

/// Those of a JSON body that tells when to come back, after a second if nothing else is said, in
/// place of what is there.
#[inline(never)]
pub(super) fn put_json_and_retry(headers: &mut HeaderMap, after: Option<HeaderValue>) {
    headers.clear();
    headers.insert(CONTENT_TYPE, APPLICATION_JSON);
    headers.append(RETRY_AFTER, after.unwrap_or(ONE_SECOND));
}

/// Those of a JSON body, in place of what is there.
pub(super) fn put_json(headers: &mut HeaderMap) {
    headers.clear();
    put(headers, &CONTENT_TYPE, APPLICATION_JSON);
}

/// Those of a gRPC response that ends with its headers, in place of what is there.
pub(super) fn put_grpc(
    headers: &mut HeaderMap,
    status: &'static str,
    message: Option<HeaderValue>,
) {
    headers.clear();
    put_grpc_status(headers, status, message);
    put(headers, &CONTENT_TYPE, APPLICATION_GRPC);
}

/// The trailers of a call that ends with `status`.
pub(in crate::plugin) fn grpc_status(status: &'static str, message: &str) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(2);
    put_grpc_status(&mut headers, status, grpc_message(message));
    headers
}

fn put_grpc_status(headers: &mut HeaderMap, status: &'static str, message: Option<HeaderValue>) {
    put(headers, &GRPC_STATUS, HeaderValue::from_static(status));
    if let Some(message) = message {
        put(headers, &GRPC_MESSAGE, message);
    }
}

#[inline(never)]
pub(super) fn put(headers: &mut HeaderMap, name: &HeaderName, value: HeaderValue) {
    headers.insert(name, value);
}

pub(super) fn grpc_message(message: &str) -> Option<HeaderValue> {
    HeaderValue::try_from(percent_encode(message)).ok()
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
