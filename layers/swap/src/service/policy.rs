use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_plugin_gate::{Closed, OnClosed, PolicyFuture, ResponseBody, ResponseFuture};
use tower_service::Service;

use super::SwapService;
use super::source::Instance;
use crate::live::{Called, LiveFuture};

pin_project! {
    /// Future of a [`SwapService`] with a policy [`OnClosed`].
    #[must_use = "futures do nothing unless polled"]
    pub struct SwapFuture<S, R>
    where
        S: Service<Request<R>>,
        S: Clone,
        S: Send,
        S: Sync,
        S: 'static,
    {
        #[pin]
        future: LiveFuture<Instance<S>, R>,
    }
}

impl<S, R, B> Service<Request<R>> for SwapService<S, OnClosed>
where
    S: Service<Request<R>, Response = Response<B>> + Clone + Send + Sync + 'static,
    B: Body,
{
    type Response = Response<ResponseBody<B>>;
    type Error = S::Error;
    type Future = SwapFuture<S, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.live.poll_ready(cx)
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        let answer = self.live.answer_to(&request);
        let future = match self.live.try_call(request, answer) {
            Called::Inside(future) => PolicyFuture::gated(future),
            Called::Refused(rejected, request) => {
                // There is nothing behind the plugin to call instead of it.
                let policy = match self.policy {
                    OnClosed::Bypass => OnClosed::Reject,
                    policy => policy,
                };
                match policy.decide(self.live.slot(), rejected) {
                    Closed::Hold(held) => self.live.held(held, request, answer),
                    Closed::Reject(rejected) | Closed::Bypass(rejected) => {
                        PolicyFuture::gated(ResponseFuture::rejecting(request, rejected, answer))
                    }
                }
            }
        };
        SwapFuture { future }
    }
}

impl<S, R, B> Future for SwapFuture<S, R>
where
    S: Service<Request<R>, Response = Response<B>> + Clone + Send + Sync + 'static,
    B: Body,
{
    type Output = Result<Response<ResponseBody<B>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().future.poll(cx)
    }
}

impl<S, R> fmt::Debug for SwapFuture<S, R>
where
    S: Service<Request<R>> + Clone + Send + Sync + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SwapFuture").field(&self.future).finish()
    }
}
