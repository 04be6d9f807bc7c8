use std::fmt;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{HeldCall, Resumed, Turn};
use crate::plugin::Entered;
use crate::slot::Admission;
use crate::{Answer, Held, ResponseFuture};

pin_project! {
    /// A request held by [`OnClosed::Hold`](crate::OnClosed::Hold), with the service it is meant
    /// for.
    #[must_use = "futures do nothing unless polled"]
    pub struct HeldRequest<S, R> {
        #[pin]
        call: HeldCall<S, R, Entered>,
        answer: Answer,
    }
}

impl<S, R> HeldRequest<S, Request<R>> {
    pub(crate) fn boxed(
        held: Held,
        service: S,
        request: Request<R>,
        answer: Answer,
    ) -> Pin<Box<Self>> {
        let enter =
            |admission: Admission, request: &mut Request<R>| admission.holder(request).into();
        Box::pin(Self {
            call: HeldCall::new(held, service, request, enter),
            answer,
        })
    }
}

impl<S, R, B> Future for HeldRequest<S, Request<R>>
where
    S: Service<Request<R>, Response = Response<B>>,
    B: Body,
{
    type Output = Resumed<S::Future, B, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = *this.answer;
        Poll::Ready(match ready!(this.call.poll_call(cx)) {
            Turn::Ready(mut service, request, inside) => {
                let call = || service.call(request);
                ControlFlow::Continue(ResponseFuture::admitted(call, inside.into_holder(), answer))
            }
            Turn::Rejected(rejected) => ControlFlow::Break(Ok(answer.rejection(&rejected))),
            Turn::Cancelled(error) => ControlFlow::Break(Ok(answer.cancellation(&error))),
            Turn::NotReady(error) => ControlFlow::Break(Err(error)),
        })
    }
}

impl<S, R> fmt::Debug for HeldRequest<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldRequest").finish_non_exhaustive()
    }
}
