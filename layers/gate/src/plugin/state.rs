//! A response future on its way to a head.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use super::inside::{Inside, announced_length};
use super::notes::Notes;
use super::run::{caught, watched};
use super::{Answer, Plain, ResponseBody, Told};
use crate::gate::{Exit, RawPermit, Wait};
use crate::{PanickedError, RequestPhase};

pin_project! {
    #[project = StateProj]
    #[project_replace = StateOwned]
    pub(super) enum State<F> {
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
    pub(super) fn abandon(self: Pin<&mut Self>) {
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
            StateProj::Panicked { panicked } => answer.panic(panicked),
            StateProj::Rejected { .. } | StateProj::Done => {
                panic!("response future polled after completion")
            }
        };
        self.as_mut().end(Exit::Dropped);
        self.set(Self::Done);
        Poll::Ready(Ok(response))
    }

    /// Hands on the rejection, which is made already.
    #[inline]
    fn refuse(self: Pin<&mut Self>) -> Polled<B, E> {
        let StateOwned::Rejected { response } = self.project_replace(Self::Done) else {
            unreachable!("it was looked at")
        };
        Poll::Ready(Ok(response.map(ResponseBody::telling)))
    }

    /// Of a request that is not inside, or whose panics are to be caught.
    #[inline(never)]
    pub(super) fn poll_specially(
        mut self: Pin<&mut Self>,
        answer: &Answer,
        cx: &mut Context<'_>,
    ) -> Polled<B, E> {
        let (future, permit, notes) = match self.as_mut().project() {
            StateProj::Rejected { .. } => return self.refuse(),
            StateProj::Admitted {
                future,
                permit,
                notes,
                ..
            } => (future, permit, notes),
            StateProj::Panicked { .. } | StateProj::Done => return self.answer(answer),
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
    pub(super) fn pass_on(
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
            Poll::Pending => {
                // Nothing is in it to be dropped, which the compiler does not see.
                std::mem::forget(polled);
                return self.pending(answer, cx);
            }
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
        let is_plain = notes.is_plain()
            && !wait.is_registered()
            && !response.status().is_server_error()
            && !response.body().is_end_stream()
            && (response.headers().is_empty() || announced_length(response).is_none());
        if !is_plain {
            return self.hand_on_specially(response);
        }
        // Dropping the future may panic.
        let plain = Plain::new(permit.handed_on());
        self.set(Self::Done);
        (plain.into_permit(), Notes::default())
    }

    /// As `hand_on`, of a request that has been pending, has failed, ends with its head, or is in
    /// any other way not like most.
    #[inline(never)]
    fn hand_on_specially(self: Pin<&mut Self>, response: &Response<B>) -> (RawPermit, Notes) {
        let (permit, mut notes) = self.finish().expect("it was polled");
        let inside = &mut Inside {
            permit: &permit,
            notes: &mut notes,
        };
        inside.show_head(response);
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
