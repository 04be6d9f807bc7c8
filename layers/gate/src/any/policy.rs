use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower_service::Service;

use super::{AnyFuture, AnyService};
use crate::gate::Exit;
use crate::policy::{HeldCall, Inside, Turn, fresh};
use crate::{BoxError, CancelledError, Closed, OnClosed, Permit};

impl Inside for Permit {
    fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        Self::poll_cancelled(self, cx)
    }

    fn cancelled_error(&self) -> CancelledError {
        Self::cancelled_error(self)
    }

    fn fail(&mut self) {
        self.leaves(Exit::Failed);
    }
}

impl<S, R> Service<R> for AnyService<S, OnClosed>
where
    S: Service<R> + Clone,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = AnyPolicyFuture<S, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        let mut inner = |cx: &mut Context<'_>| self.inner.poll_ready(cx).map_err(Into::into);
        if self.policy == OnClosed::Bypass {
            // Called even while the gate is closed, so there is nothing but its readiness.
            return inner(cx);
        }
        self.door.poll_ready(cx, inner)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let state = match self.door.enter() {
            Ok(permit) => State::Gated {
                future: AnyFuture::admitted(|| self.inner.call(request), permit),
            },
            Err(rejected) => match self.policy.decide_raw(self.door.raw(), rejected) {
                Closed::Reject(rejected) => State::Gated {
                    future: AnyFuture::rejected(rejected),
                },
                Closed::Bypass(_) => State::Bypassed {
                    future: self.inner.call(request),
                },
                Closed::Hold(held) => {
                    let service = fresh(&mut self.inner);
                    let call =
                        HeldCall::new(held, service, request, |admission, _| admission.permit);
                    State::Held {
                        call: Box::pin(call),
                    }
                }
            },
        };
        AnyPolicyFuture { state }
    }
}

pin_project! {
    /// Future of [`AnyService`] with a policy [`OnClosed`].
    #[must_use = "futures do nothing unless polled"]
    pub struct AnyPolicyFuture<S, R>
    where
        S: Service<R>,
    {
        #[pin]
        state: State<S, R, S::Future>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, R, F> {
        Gated {
            #[pin]
            future: AnyFuture<F>,
        },
        Bypassed {
            #[pin]
            future: F,
        },
        Held { call: Pin<Box<HeldCall<S, R, Permit>>> },
        Done,
    }
}

impl<S, R> Future for AnyPolicyFuture<S, R>
where
    S: Service<R>,
    S::Error: Into<BoxError>,
{
    type Output = Result<S::Response, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let output = match state.as_mut().project() {
                StateProj::Gated { future } => return future.poll(cx),
                StateProj::Bypassed { future } => ready!(future.poll(cx)).map_err(Into::into),
                StateProj::Held { call } => match ready!(call.as_mut().poll_call(cx)) {
                    Turn::Ready(mut service, request, permit) => {
                        let future = AnyFuture::admitted(|| service.call(request), permit);
                        state.set(State::Gated { future });
                        continue;
                    }
                    Turn::Rejected(rejected) => Err(rejected.into()),
                    Turn::Cancelled(error) => Err(error.into()),
                    Turn::NotReady(error) => Err(error.into()),
                },
                StateProj::Done => panic!("future polled after completion"),
            };
            state.set(State::Done);
            return Poll::Ready(output);
        }
    }
}

impl<S: Service<R>, R> fmt::Debug for AnyPolicyFuture<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Gated { .. } => "gated",
            State::Bypassed { .. } => "bypassed",
            State::Held { .. } => "held",
            State::Done => "done",
        };
        f.debug_struct("AnyPolicyFuture")
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
