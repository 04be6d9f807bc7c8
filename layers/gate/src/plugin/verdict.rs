use http::{HeaderMap, StatusCode};

use super::Protocol;
use crate::gate::Exit;

/// How a response with this head is to be counted if nothing happens to its body.
#[inline]
pub(super) fn of_head(protocol: Protocol, status: StatusCode, headers: &HeaderMap) -> Exit {
    if status.is_server_error() || (protocol == Protocol::Grpc && blames_server(headers)) {
        Exit::Failed
    } else {
        Exit::Completed
    }
}

/// Whether these trailers, or trailers-only headers, say that the server failed: the statuses that
/// OpenTelemetry's conventions for gRPC count as a server's errors.
pub(super) fn blames_server(headers: &HeaderMap) -> bool {
    let status = headers.get("grpc-status").map(http::HeaderValue::as_bytes);
    // UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS
    matches!(status, Some(b"2" | b"4" | b"12" | b"13" | b"14" | b"15"))
}
