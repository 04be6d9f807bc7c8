use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::EXPECT;
use http::{Request, Response, Version};
use http_body::Body;
use tower_service::Service;

use super::upload::Leftover;
use super::{LingerBody, LingerFuture, Rest, Upload};

/// Service of [`LingerLayer`](super::LingerLayer).
#[derive(Debug, Clone)]
pub struct LingerService<S> {
    inner: S,
    max_bytes: u64,
}

impl<S> LingerService<S> {
    pub(super) fn new(inner: S, max_bytes: u64) -> Self {
        Self { inner, max_bytes }
    }

    /// The service that may answer early.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service that may answer early.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The service that may answer early, by itself.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, R, B> Service<Request<R>> for LingerService<S>
where
    S: Service<Request<Upload<R>>, Response = Response<B>>,
    R: Body + Unpin,
    B: Body,
{
    type Response = Response<LingerBody<B, R>>;
    type Error = S::Error;
    type Future = LingerFuture<S::Future, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        let leftover = may_be_cut_off(&request).then(Leftover::default);
        let rest = leftover.as_ref().map(Arc::clone);
        let rest = rest.map(|leftover| Rest::new(leftover, self.max_bytes));
        let request = request.map(|body| Upload::new(body, leftover));
        LingerFuture::new(self.inner.call(request), rest)
    }
}

/// Whether a server that answers early would cut the client off.
fn may_be_cut_off<R: Body>(request: &Request<R>) -> bool {
    request.version() <= Version::HTTP_11
        && !request.body().is_end_stream()
        && !request.headers().contains_key(EXPECT)
}
