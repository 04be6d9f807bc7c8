use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::answer::{INTERNAL, UNAVAILABLE, grpc_status};
use super::inside::Inside;
use super::notes::Notes;
use super::run::{caught, watched};
use super::verdict::{self, blames_server};
use super::{Answer, Holder, Protocol, Told};
use crate::BoxError;
use crate::gate::{Exit, RawPermit};

pin_project! {
    /// A response body that keeps its request inside until it ends: at the end of the stream, at
    /// an error, or when it is dropped, whichever comes first.
    ///
    /// Frames, size hint and end of stream are the inner body's. When the drain's deadline passes
    /// while there is more to come, it ends with
    /// [`CancelledError`](crate::CancelledError), or with a gRPC status in
    /// trailers.
    pub struct ResponseBody<B> {
        #[pin]
        kind: Kind<B>,
    }

    impl<B> PinnedDrop for ResponseBody<B> {
        fn drop(this: Pin<&mut Self>) {
            this.project().kind.abandon();
        }
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind<B> {
        Gated {
            #[pin]
            body: B,
            permit: RawPermit,
            notes: Notes,
        },
        // Behind a pointer: there is no room for more beside a small body.
        Full { told: Option<Arc<Told>> },
    }
}

impl<B: Body> ResponseBody<B> {
    /// Puts itself around the body of a request that is inside by `holder`.
    pub fn around(
        response: Response<B>,
        holder: impl Into<Holder>,
        answer: Answer,
    ) -> Response<Self> {
        let (permit, mut notes) = holder.into().into_parts(answer);
        if verdict::is_failure(answer.protocol(), response.status(), response.headers()) {
            notes.fail();
        }
        if response.body().is_end_stream() {
            let (permit, end) = (&permit, notes.end());
            let notes = &mut notes;
            Inside { permit, notes }.end(end);
        } else if notes.is_kept() {
            Inside::is_in_body(&permit, notes);
        }
        response.map(|body| Self::inside(body, permit, notes))
    }
}

impl<B> ResponseBody<B> {
    #[inline(always)]
    pub(super) fn inside(body: B, permit: RawPermit, notes: Notes) -> Self {
        Self {
            kind: Kind::Gated {
                body,
                permit,
                notes,
            },
        }
    }

    /// The body of a request that is not inside: it passes through as it is.
    pub fn ungated(body: B) -> Self {
        Self {
            kind: Kind::Gated {
                body,
                permit: RawPermit::nobody(),
                notes: Notes::over(),
            },
        }
    }

    /// A body of one chunk, or of none, that belongs to no request inside.
    #[inline]
    pub(super) fn telling(told: Option<Arc<Told>>) -> Self {
        Self {
            kind: Kind::Full { told },
        }
    }
}

impl<B> Kind<B> {
    /// What is not over when the body is dropped, never will be. The body goes first.
    #[inline]
    fn abandon(self: Pin<&mut Self>) {
        if let Self::Gated { notes, .. } = &*self {
            if !notes.is_over() {
                self.cut_off();
            }
        }
    }

    /// Drops the body, which still has more to say, and leaves.
    #[inline(never)]
    fn cut_off(mut self: Pin<&mut Self>) {
        let KindProj::Gated { permit, notes, .. } = self.as_mut().project() else {
            return;
        };
        let (permit, mut notes) = (permit.handed_on(), notes.take());
        let inside = Inside {
            permit: &permit,
            notes: &mut notes,
        };
        watched(inside, || self.set(Self::Full { told: None }));
        let (permit, notes) = (&permit, &mut notes);
        Inside { permit, notes }.end(Exit::Dropped);
    }
}

/// How the frame stream of a request ends that cannot go on.
fn last_frame<D>(
    protocol: Protocol,
    grpc: &'static str,
    error: impl Into<BoxError>,
) -> Result<Frame<D>, BoxError> {
    let error = error.into();
    match protocol {
        // A clean end would pass for a whole body.
        Protocol::Http => Err(error),
        Protocol::Grpc => Ok(Frame::trailers(grpc_status(grpc, &error.to_string()))),
    }
}

type Polled<D, E> = Poll<Option<Result<Frame<D>, E>>>;

impl<B> Kind<B>
where
    B: Body,
    B::Data: From<Bytes>,
    B::Error: Into<BoxError>,
{
    /// Ends the stream of a request that was cancelled. What would come after that is of no use to
    /// anybody, and goes.
    #[cold]
    fn cancel(mut self: Pin<&mut Self>) -> Polled<B::Data, BoxError> {
        let KindProj::Gated { permit, notes, .. } = self.as_mut().project() else {
            return Poll::Ready(None);
        };
        let protocol = notes.protocol();
        let error = Inside { permit, notes }.cancelled_error();
        self.cut_off();
        Poll::Ready(Some(last_frame(protocol, UNAVAILABLE, error)))
    }

    /// Of a request that is over, or whose panics are to be caught.
    #[inline(never)]
    fn poll_specially(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled<B::Data, BoxError> {
        let (body, permit, notes) = match self.as_mut().project() {
            KindProj::Gated {
                body,
                permit,
                notes,
            } => (body, permit, notes),
            KindProj::Full { told } => {
                let Some(told) = told.take() else {
                    return Poll::Ready(None);
                };
                let json = told.json().clone();
                drop(told);
                return Poll::Ready(Some(Ok(Frame::data(json.into()))));
            }
        };
        if notes.is_over() {
            return body.poll_frame(cx).map_err(Into::into);
        }
        match caught(Inside { permit, notes }, || body.poll_frame(cx)) {
            Ok(polled) => self.pass_on(polled, cx),
            Err(error) => {
                let protocol = notes.protocol();
                self.set(Self::Full { told: None });
                Poll::Ready(Some(last_frame(protocol, INTERNAL, error)))
            }
        }
    }

    /// What the body gave, while its request was inside. Each arm returns what it was given: to
    /// gather them first would be to move every frame once more.
    #[inline(always)]
    fn pass_on(
        mut self: Pin<&mut Self>,
        polled: Polled<B::Data, B::Error>,
        cx: &mut Context<'_>,
    ) -> Polled<B::Data, BoxError> {
        let KindProj::Gated {
            body,
            permit,
            notes,
        } = self.as_mut().project()
        else {
            return Poll::Ready(None);
        };
        match polled {
            // Taken out first, and so in parts: copied as a whole, it would have to wait until
            // all of its parts were written.
            Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) => {
                    if body.is_end_stream() {
                        let end = notes.end();
                        Inside { permit, notes }.end(end);
                    } else if permit.shard().is_cancelled() {
                        return self.cancel();
                    }
                    Poll::Ready(Some(Ok(Frame::data(data))))
                }
                Err(frame) => {
                    self.end(frame.trailers_ref(), false);
                    Poll::Ready(Some(Ok(frame)))
                }
            },
            Poll::Ready(Some(Err(error))) => {
                self.end(None, true);
                Poll::Ready(Some(Err(error.into())))
            }
            Poll::Ready(None) => {
                self.end(None, false);
                Poll::Ready(None)
            }
            Poll::Pending if (Inside { permit, notes }).poll_cancelled(cx) => self.cancel(),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Ends the request after the last that the body gave: trailers, an error, or nothing.
    #[inline(never)]
    fn end(self: Pin<&mut Self>, trailers: Option<&HeaderMap>, is_error: bool) {
        let KindProj::Gated { permit, notes, .. } = self.project() else {
            return;
        };
        let speaks_grpc = notes.protocol() == Protocol::Grpc;
        if is_error || (speaks_grpc && trailers.is_some_and(blames_server)) {
            notes.fail();
        }
        let end = notes.end();
        Inside { permit, notes }.end(end);
    }
}

impl<B> Body for ResponseBody<B>
where
    B: Body,
    B::Data: From<Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = BoxError;

    #[inline]
    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let mut kind = self.project().kind;
        match kind.as_mut().project() {
            KindProj::Gated {
                body,
                permit,
                notes,
            } if !notes.is_over_or_catches() => {
                let polled = watched(Inside { permit, notes }, || body.poll_frame(cx));
                kind.pass_on(polled, cx)
            }
            _ => kind.poll_specially(cx),
        }
    }

    #[inline]
    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Gated { body, .. } => body.is_end_stream(),
            Kind::Full { told } => told.is_none(),
        }
    }

    #[inline]
    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Gated { body, .. } => body.size_hint(),
            Kind::Full { told } => {
                SizeHint::with_exact(told.as_ref().map_or(0, |told| told.json().len() as u64))
            }
        }
    }
}

impl<B> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inside = match &self.kind {
            Kind::Gated { notes, .. } => !notes.is_over(),
            Kind::Full { .. } => false,
        };
        f.debug_struct("ResponseBody")
            .field("inside", &inside)
            .finish_non_exhaustive()
    }
}
