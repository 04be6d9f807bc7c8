use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_plugin_gate::{Answer, Held, PolicyFuture, ResponseFuture, Resumed};
use tower_service::Service;

use super::{Live, Source};
use crate::Oneshot;

pin_project! {
    /// A request that waits for the plugin to come back, then is served by what is current.
    pub(crate) struct HeldCall<P, R>
    where
        P: Source,
    {
        #[pin]
        held: Held<P::Instance>,
        source: P,
        request: Option<Request<R>>,
        answer: Answer,
    }
}

/// The future of a call whose request may be held.
pub(crate) type LiveFuture<P, R> =
    PolicyFuture<Oneshot<<P as Source>::Service, Request<R>>, Pin<Box<HeldCall<P, R>>>>;

impl<P: Source> Live<P> {
    pub(crate) fn held<R>(
        &self,
        held: Held<P::Instance>,
        request: Request<R>,
        answer: Answer,
    ) -> LiveFuture<P, R>
    where
        P::Service: Service<Request<R>>,
    {
        PolicyFuture::held(Box::pin(HeldCall {
            held,
            source: self.source.clone(),
            request: Some(request),
            answer,
        }))
    }
}

impl<P, R, B> Future for HeldCall<P, R>
where
    P: Source,
    P::Service: Service<Request<R>, Response = Response<B>>,
    B: Body,
{
    type Output =
        Resumed<Oneshot<P::Service, Request<R>>, B, <P::Service as Service<Request<R>>>::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let answer = *this.answer;
        let reject = |rejected| ResponseFuture::rejected(rejected, answer);
        Poll::Ready(ControlFlow::Continue(loop {
            let lease = match ready!(this.held.as_mut().poll(cx)) {
                Ok(lease) => lease,
                Err(rejected) => break reject(rejected),
            };
            let request = this.request.as_mut().expect("it is served once");
            // The lease's own generation, unless that was swapped since.
            let inside = this.source.current().and_then(|current| {
                if lease.is_on(&current.generation) {
                    Some((lease.admit(request), current.service))
                } else {
                    Some((current.generation.admit(request)?, current.service))
                }
            });
            if let Some((holder, service)) = inside {
                let request = this.request.take().expect("it is served once");
                let future = || Oneshot::waiting(service, request);
                break ResponseFuture::admitted(future, holder, answer);
            }
            if let Err(rejected) = this.held.as_mut().rejoin() {
                break reject(rejected);
            }
        }))
    }
}
