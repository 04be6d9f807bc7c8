use std::fmt;
use std::future::Future;
use std::mem::{forget, replace};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;

use super::inside::Inside;
use super::notes::Notes;
use super::run::{caught, watched};
use super::{Answer, Holder, ResponseBody, Told, verdict};
use crate::gate::{Exit, RawPermit, Wait};
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

    impl<F> PinnedDrop for ResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            this.project().state.abandon();
        }
    }
}

pin_project! {
    #[project = StateProj]
    #[project_replace = StateOwned]
    enum State<F> {
        Admitted {
            #[pin]
            future: F,
            permit: RawPermit,
            notes: Notes,
            wait: Wait,
        },
        // With the request's header map.
        Rejected { response: Response<Option<Arc<Told>>> },
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
        let holder = holder.into();
        if answer.catches_panics() {
            return Self::catching(call, holder, answer);
        }
        Self::serving(call(), holder, answer)
    }

    #[inline(never)]
    fn catching(call: impl FnOnce() -> F, holder: Holder, answer: Answer) -> Self {
        let (permit, mut notes) = holder.into_parts(answer);
        let inside = Inside {
            permit: &permit,
            notes: &mut notes,
        };
        match caught(inside, call) {
            Ok(future) => Self::inside(future, permit, notes, answer),
            Err(panicked) => Self {
                state: State::Panicked { panicked },
                answer,
            },
        }
    }

    /// As [`admitted`](Self::admitted), of a call that was made while `holder` was held, and not
    /// to be answered if it panicked: the request then has not to be moved into a closure.
    #[inline]
    pub fn serving(future: F, holder: impl Into<Holder>, answer: Answer) -> Self {
        let (permit, notes) = holder.into().into_parts(answer);
        Self::inside(future, permit, notes, answer)
    }

    #[inline(always)]
    pub(super) fn inside(future: F, permit: RawPermit, notes: Notes, answer: Answer) -> Self {
        Self {
            state: State::Admitted {
                future,
                permit,
                notes,
                wait: Wait::default(),
            },
            answer,
        }
    }

    /// A request that was not let in.
    pub fn rejected(rejected: Rejected, answer: Answer) -> Self {
        Self::rejecting(Request::new(()), rejected, answer)
    }

    /// As [`rejected`](Self::rejected), with the request itself, of whose header map the answer
    /// makes use: see [`Answer::rejection_in`].
    #[expect(clippy::needless_pass_by_value, reason = "it is answered once")]
    pub fn rejecting<R>(request: Request<R>, rejected: Rejected, answer: Answer) -> Self {
        Self::refusing(request, &rejected.told(), answer)
    }

    /// As `rejecting`, of what the client is told.
    ///
    /// The response is made here and not where it is polled: it is a large thing, and one that was
    /// just written in parts is slow to be copied.
    #[inline]
    pub(super) fn refusing<R>(request: Request<R>, told: &Arc<Told>, answer: Answer) -> Self {
        let mut response = answer.refusal();
        let (Parts { headers, .. }, _body) = request.into_parts();
        // Nothing is lost with the map of a new response, which has not allocated.
        forget(replace(response.headers_mut(), headers));
        let told = answer.refuse(response.headers_mut(), told);
        let response = response.map(|()| told);
        Self {
            state: State::Rejected { response },
            answer,
        }
    }
}

impl<F> State<F> {
    /// Drops the service's future, and hands on what the request is inside by: whoever holds a
    /// finished future holds nothing.
    fn finish(mut self: Pin<&mut Self>) -> Option<(RawPermit, Notes)> {
        let StateProj::Admitted {
            permit,
            notes,
            wait,
            ..
        } = self.as_mut().project()
        else {
            return None;
        };
        permit.shard().stop_waiting(wait);
        let (permit, mut notes) = (permit.handed_on(), notes.take());
        let inside = Inside {
            permit: &permit,
            notes: &mut notes,
        };
        watched(inside, || self.set(Self::Done));
        Some((permit, notes))
    }

    /// As `finish`, and leaves.
    #[inline(never)]
    fn end(self: Pin<&mut Self>, exit: Exit) {
        if let Some((permit, mut notes)) = self.finish() {
            let (permit, notes) = (&permit, &mut notes);
            Inside { permit, notes }.end(exit);
        }
    }

    /// What is not over when the response future is dropped, never will be.
    #[inline]
    fn abandon(self: Pin<&mut Self>) {
        if let Self::Admitted { notes, .. } = &*self {
            if !notes.is_over() {
                self.end(Exit::Dropped);
            }
        }
    }
}

type Polled<B, E> = Poll<Result<Response<ResponseBody<B>>, E>>;

impl<F, B, E> State<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    /// The answer in the service's place.
    #[cold]
    fn answer(mut self: Pin<&mut Self>, answer: &Answer) -> Polled<B, E> {
        let response = match self.as_mut().project() {
            StateProj::Admitted { permit, notes, .. } => {
                answer.cancellation(&Inside { permit, notes }.cancelled_error())
            }
            StateProj::Rejected { .. } => return self.refuse(),
            StateProj::Panicked { panicked } => answer.panic(panicked),
            StateProj::Done => panic!("response future polled after completion"),
        };
        self.as_mut().end(Exit::Dropped);
        self.set(Self::Done);
        Poll::Ready(Ok(response))
    }

    /// Of a request that is not inside, or whose panics are to be caught.
    #[inline(never)]
    fn poll_otherwise(
        mut self: Pin<&mut Self>,
        answer: &Answer,
        cx: &mut Context<'_>,
    ) -> Polled<B, E> {
        match self.as_mut().project() {
            StateProj::Rejected { .. } => self.refuse(),
            _ => self.poll_catching(answer, cx),
        }
    }

    /// Hands on the rejection, which is made already.
    #[inline]
    fn refuse(self: Pin<&mut Self>) -> Polled<B, E> {
        let StateOwned::Rejected { response } = self.project_replace(Self::Done) else {
            unreachable!("it was looked at")
        };
        Poll::Ready(Ok(response.map(ResponseBody::telling)))
    }

    #[inline(never)]
    fn poll_catching(
        mut self: Pin<&mut Self>,
        answer: &Answer,
        cx: &mut Context<'_>,
    ) -> Polled<B, E> {
        let StateProj::Admitted {
            future,
            permit,
            notes,
            ..
        } = self.as_mut().project()
        else {
            return self.answer(answer);
        };
        match caught(Inside { permit, notes }, || future.poll(cx)) {
            Ok(polled) => self.pass_on(polled, answer, cx),
            Err(panicked) => {
                self.as_mut().end(Exit::Panicked);
                self.set(Self::Panicked { panicked });
                self.answer(answer)
            }
        }
    }

    /// What the service's future gave. A response is a large thing: it is looked at where it is,
    /// and moved once, at the very end.
    #[inline(always)]
    fn pass_on(
        self: Pin<&mut Self>,
        polled: Poll<Result<Response<B>, E>>,
        answer: &Answer,
        cx: &mut Context<'_>,
    ) -> Polled<B, E> {
        let (permit, notes) = match &polled {
            Poll::Ready(Ok(response)) => self.hand_on(response),
            Poll::Ready(Err(_)) => {
                self.end(Exit::Failed);
                (RawPermit::nobody(), Notes::over())
            }
            Poll::Pending => return self.pending(answer, cx),
        };
        match polled {
            Poll::Ready(Ok(response)) => {
                let inside = |body| ResponseBody::inside(body, permit, notes);
                Poll::Ready(Ok(response.map(inside)))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => unreachable!("it was looked at above"),
        }
    }

    /// Hands what the request is inside by on to its body.
    #[inline(always)]
    fn hand_on(mut self: Pin<&mut Self>, response: &Response<B>) -> (RawPermit, Notes) {
        let StateProj::Admitted {
            permit,
            notes,
            wait,
            ..
        } = self.as_mut().project()
        else {
            unreachable!("it was polled")
        };
        if verdict::is_failure(notes.protocol(), response.status(), response.headers()) {
            notes.fail();
        }
        if wait.is_registered() || response.body().is_end_stream() || !notes.is_alone() {
            return self.hand_on_specially(response.body().is_end_stream());
        }
        let (permit, mut notes) = (permit.handed_on(), notes.take());
        let inside = Inside {
            permit: &permit,
            notes: &mut notes,
        };
        watched(inside, || self.set(Self::Done));
        (permit, notes)
    }

    /// As `hand_on`, of a request that has been pending, or ends with its head.
    #[inline(never)]
    fn hand_on_specially(self: Pin<&mut Self>, is_end: bool) -> (RawPermit, Notes) {
        let (permit, mut notes) = self.finish().expect("it was polled");
        if is_end {
            let (permit, end) = (&permit, notes.end());
            let notes = &mut notes;
            Inside { permit, notes }.end(end);
        } else if notes.is_kept() {
            Inside::is_in_body(&permit, notes);
        }
        (permit, notes)
    }

    #[inline]
    fn pending(mut self: Pin<&mut Self>, answer: &Answer, cx: &mut Context<'_>) -> Polled<B, E> {
        if let StateProj::Admitted { permit, wait, .. } = self.as_mut().project() {
            if !permit.shard().poll_cancelled(RequestPhase::Head, wait, cx) {
                return Poll::Pending;
            }
        }
        self.answer(answer)
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
        let mut state = this.state;
        match state.as_mut().project() {
            StateProj::Admitted {
                future,
                permit,
                notes,
                ..
            } if !notes.catches_panics() => {
                let polled = watched(Inside { permit, notes }, || future.poll(cx));
                state.pass_on(polled, this.answer, cx)
            }
            _ => state.poll_otherwise(this.answer, cx),
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
