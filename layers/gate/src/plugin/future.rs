use std::fmt;
use std::future::Future;
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
use super::state::{State, StateProj};
use super::{Answer, Holder, ResponseBody, Told};
use crate::Rejected;
use crate::gate::{RawPermit, Wait};

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
        let (Parts { headers, .. }, _body) = request.into_parts();
        let response = answer.refusal(headers, told);
        Self {
            state: State::Rejected { response },
            answer,
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    #[inline]
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
            _ => state.poll_specially(this.answer, cx),
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
