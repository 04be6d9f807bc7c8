use http::Response;

use crate::{Answer, ResponseBody};

/// What becomes of a request for which no plugin was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnUnselected {
    /// The service behind is called, gated by nobody.
    PassThrough,
    /// 404, or gRPC's status 12, `UNIMPLEMENTED`.
    NotFound,
    /// 503 with `Retry-After`, or gRPC's status 14, `UNAVAILABLE`: for names whose plugin may
    /// come later.
    Unavailable,
}

/// A request that is answered because no plugin was found for it.
pub(crate) struct Unselected {
    pub(super) is_retryable: bool,
    pub(super) is_named: bool,
    pub(super) answer: Answer,
}

impl Unselected {
    /// The name stays out of it: it is whatever the client sent.
    pub(crate) fn response<B>(&self) -> Response<ResponseBody<B>> {
        let message = match (self.is_named, self.is_retryable) {
            (true, false) => "no plugin goes by the name in this request; check the name",
            (true, true) => "no plugin goes by the name in this request; retry later",
            (false, false) => "this request names no plugin; name the one that it is for",
            (false, true) => "this request names no plugin; retry later",
        };
        self.answer.unknown_plugin(self.is_retryable, message)
    }
}
