use http::{HeaderMap, StatusCode};

use super::Protocol;

/// Whether a response with this head is to be counted as failed even if its body ends well.
#[inline(always)]
pub(super) fn is_failure(protocol: Protocol, status: StatusCode, headers: &HeaderMap) -> bool {
    status.is_server_error() || (protocol == Protocol::Grpc && blames_server(headers))
}

/// Whether these trailers, or trailers-only headers, say that the server failed: the statuses that
/// OpenTelemetry's conventions for gRPC count as a server's errors.
pub(super) fn blames_server(headers: &HeaderMap) -> bool {
    let status = headers.get("grpc-status").map(http::HeaderValue::as_bytes);
    // UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS
    matches!(status, Some(b"2" | b"4" | b"12" | b"13" | b"14" | b"15"))
}
