use std::task::{Context, Poll};

use tower_service::Service;

use super::AnyFuture;
use crate::{BoxError, Door, Reject};

/// Service of [`AnyLayer`](super::AnyLayer).
///
/// Its errors are those of the service behind it, [`Rejected`](crate::Rejected), and
/// [`CancelledError`](crate::CancelledError), boxed as in tower's own middleware.
#[derive(Debug, Clone)]
pub struct AnyService<S, P = Reject> {
    pub(super) inner: S,
    pub(super) door: Door,
    pub(super) policy: P,
}

impl<S, P> AnyService<S, P> {
    pub(super) fn new(inner: S, door: Door, policy: P) -> Self {
        Self {
            inner,
            door,
            policy,
        }
    }

    /// The service behind the gate.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service behind the gate.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The service behind the gate, without the gate.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, R> Service<R> for AnyService<S>
where
    S: Service<R>,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = AnyFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.door
            .poll_ready(cx, |cx| self.inner.poll_ready(cx).map_err(Into::into))
    }

    fn call(&mut self, request: R) -> Self::Future {
        match self.door.enter() {
            Ok(permit) => AnyFuture::admitted(|| self.inner.call(request), permit),
            Err(rejected) => AnyFuture::rejected(rejected),
        }
    }
}
