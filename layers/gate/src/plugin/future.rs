use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use super::inside::Inside;
use super::run::{caught, watched};
use super::{Answer, Holder, ResponseBody};
use crate::gate::Exit;
use crate::{PanickedError, Rejected, RequestPhase};

pin_project! {
    /// Future of [`PluginService`](super::PluginService): the service's response head, or a
    /// rejection in its place.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        state: State<F>,
        answer: Answer,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        Admitted {
            #[pin]
            future: F,
            inside: Inside,
        },
        Rejected { rejected: Rejected },
        Panicked { panicked: PanickedError },
        Done,
    }
}

impl<F> ResponseFuture<F> {
    /// A request that is inside, by `holder`, and is served by the future that `call` makes.
    ///
    /// A panic in `call` is counted, and answered if `answer` says so.
    #[inline]
    pub fn admitted(call: impl FnOnce() -> F, holder: impl Into<Holder>, answer: Answer) -> Self {
        if !answer.catches_panics() {
            let holder = holder.into();
            return Self::serving(call(), holder, answer);
        }
        let mut inside = holder.into().into();
        let state = match caught(&mut inside, call) {
            Ok(future) => State::Admitted { future, inside },
            Err(panicked) => State::Panicked { panicked },
        };
        Self { state, answer }
    }

    /// As [`admitted`](Self::admitted), of a call that was made while `holder` was held, and not
    /// to be answered if it panicked: the request then has not to be moved into a closure.
    #[inline]
    pub fn serving(future: F, holder: impl Into<Holder>, answer: Answer) -> Self {
        let state = State::Admitted {
            future,
            inside: holder.into().into(),
        };
        Self { state, answer }
    }

    /// A request that was not let in.
    pub fn rejected(rejected: Rejected, answer: Answer) -> Self {
        Self {
            state: State::Rejected { rejected },
            answer,
        }
    }
}

type Polled<B, E> = Poll<Result<Response<ResponseBody<B>>, E>>;

impl<F, B, E> State<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    /// The answer in the service's place. Dropped here and not with the future: whoever holds a
    /// finished future holds nothing.
    #[cold]
    fn answer(mut self: Pin<&mut Self>, answer: Answer) -> Polled<B, E> {
        let response = match self.as_mut().project() {
            StateProj::Admitted { inside, .. } => answer.cancellation(&inside.cancelled_error()),
            StateProj::Rejected { rejected } => answer.rejection(rejected),
            StateProj::Panicked { panicked } => answer.panic(panicked),
            StateProj::Done => panic!("response future polled after completion"),
        };
        self.set(Self::Done);
        Poll::Ready(Ok(response))
    }

    #[inline(never)]
    fn poll_catching(
        mut self: Pin<&mut Self>,
        answer: Answer,
        cx: &mut Context<'_>,
    ) -> Polled<B, E> {
        let StateProj::Admitted { future, inside } = self.as_mut().project() else {
            return self.answer(answer);
        };
        assert!(!inside.is_over(), "polled after completion");
        match caught(inside, || future.poll(cx)) {
            Ok(Poll::Ready(Ok(response))) => {
                let mut inside = inside.take();
                self.set(Self::Done);
                Poll::Ready(Ok(ResponseBody::inside(response, &mut inside, answer)))
            }
            Ok(Poll::Ready(Err(error))) => {
                inside.end(Exit::Failed);
                self.set(Self::Done);
                Poll::Ready(Err(error))
            }
            Ok(Poll::Pending) => {
                ready!(inside.poll_cancelled(RequestPhase::Head, cx));
                self.answer(answer)
            }
            Err(panicked) => {
                self.set(Self::Panicked { panicked });
                self.answer(answer)
            }
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (mut state, answer) = (this.state, *this.answer);
        let StateProj::Admitted { future, inside } = state.as_mut().project() else {
            return state.answer(answer);
        };
        if answer.catches_panics() {
            return state.poll_catching(answer, cx);
        }
        assert!(!inside.is_over(), "polled after completion");
        // A response is a large thing: it is looked at where it is, and moved once.
        match watched(inside, || future.poll(cx)) {
            // What is done is dropped here and not with this future: whoever holds a finished
            // future holds nothing.
            Poll::Ready(Ok(response)) => {
                let mut inside = inside.take();
                state.set(State::Done);
                Poll::Ready(Ok(ResponseBody::inside(response, &mut inside, answer)))
            }
            Poll::Ready(Err(error)) => {
                inside.end(Exit::Failed);
                state.set(State::Done);
                Poll::Ready(Err(error))
            }
            Poll::Pending => {
                ready!(inside.poll_cancelled(RequestPhase::Head, cx));
                state.answer(answer)
            }
        }
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Admitted { .. } => "admitted",
            State::Rejected { .. } => "rejected",
            State::Panicked { .. } => "panicked",
            State::Done => "done",
        };
        f.debug_struct("ResponseFuture")
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
