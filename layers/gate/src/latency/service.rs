use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::timer::Timer;
use super::{Histogram, LatencyBody, LatencyFuture};

/// Service of [`LatencyLayer`](super::LatencyLayer).
#[derive(Debug, Clone)]
pub struct LatencyService<S> {
    inner: S,
    histogram: Arc<Histogram>,
}

impl<S> LatencyService<S> {
    pub(super) fn new(inner: S, histogram: Arc<Histogram>) -> Self {
        Self { inner, histogram }
    }

    /// The service that is timed.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service that is timed.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The service, timed no more.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, R, B> Service<Request<R>> for LatencyService<S>
where
    S: Service<Request<R>, Response = Response<B>>,
    B: Body,
{
    type Response = Response<LatencyBody<B>>;
    type Error = S::Error;
    type Future = LatencyFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        let timer = Timer::start(&self.histogram);
        LatencyFuture::new(self.inner.call(request), timer)
    }
}
