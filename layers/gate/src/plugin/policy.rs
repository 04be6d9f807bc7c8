use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{PluginService, ResponseBody, ResponseFuture};
use crate::policy::fresh;
use crate::{Closed, HeldRequest, OnClosed, PolicyFuture};

impl<S, R, B> Service<Request<R>> for PluginService<S, OnClosed>
where
    S: Service<Request<R>, Response = Response<B>> + Clone,
    B: Body,
{
    type Response = Response<ResponseBody<B>>;
    type Error = S::Error;
    type Future = PolicyFuture<S::Future, Pin<Box<HeldRequest<S, Request<R>>>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        if self.policy == OnClosed::Bypass {
            // Called even while the gate is closed, so there is nothing but its readiness.
            return self.inner.poll_ready(cx);
        }
        self.door.poll_ready(cx, |cx| self.inner.poll_ready(cx))
    }

    fn call(&mut self, mut request: Request<R>) -> Self::Future {
        let answer = self.answer.for_method(request.method());
        let rejected = match self.door.enter_request(&mut request) {
            Ok(holder) => {
                let call = || self.inner.call(request);
                return PolicyFuture::gated(ResponseFuture::admitted(call, holder, answer));
            }
            Err(rejected) => rejected,
        };
        match self.policy.decide_raw(self.door.raw(), rejected) {
            Closed::Reject(rejected) => {
                PolicyFuture::gated(ResponseFuture::rejecting(request, rejected, answer))
            }
            Closed::Bypass(_) => PolicyFuture::bypassed(self.inner.call(request)),
            Closed::Hold(held) => {
                let service = fresh(&mut self.inner);
                PolicyFuture::held(HeldRequest::boxed(held, service, request, answer))
            }
        }
    }
}
