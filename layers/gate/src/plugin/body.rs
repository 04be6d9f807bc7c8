use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::frames::Polled;
use super::inside::Inside;
use super::notes::Notes;
use super::run::watched;
use super::{Answer, Holder, ResponseBodyError, Told};
use crate::BoxError;
use crate::gate::{Exit, RawPermit};

pin_project! {
    /// A response body that keeps its request inside until it ends: at the end of the stream, at
    /// an error, or when it is dropped, whichever comes first.
    ///
    /// Frames, size hint and end of stream are the inner body's. When the drain's deadline passes
    /// while there is more to come, it ends with
    /// a [`ResponseBodyError`] of that kind, or with a gRPC status in
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
    pub(super) enum Kind<B> {
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
        let inside = &mut Inside {
            permit: &permit,
            notes: &mut notes,
        };
        inside.show_head(&response);
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
    pub(super) fn cut_off(mut self: Pin<&mut Self>) {
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

/// Not inlined, so that the bodies of services are asked without having been compared with it.
#[cold]
#[inline(never)]
fn is_empty(told: &Option<Arc<Told>>) -> bool {
    told.is_none()
}

impl<B> Body for ResponseBody<B>
where
    B: Body,
    B::Data: From<Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = ResponseBodyError;

    #[inline(always)]
    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, ResponseBodyError>>> {
        let mut kind = self.project().kind;
        let KindProj::Gated {
            mut body,
            permit,
            notes,
        } = kind.as_mut().project()
        else {
            return kind.poll_specially(cx);
        };
        if notes.is_special_in_body() {
            return kind.poll_specially(cx);
        }
        let polled = watched(Inside { permit, notes }, || body.as_mut().poll_frame(cx));
        // Apart from each other, or what was given would have to be kept for whoever has more to
        // come while another leaves: each store is felt.
        if body.is_end_stream() {
            match given(polled, permit) {
                Given::Data(data) => {
                    Inside { permit, notes }.end_well();
                    Poll::Ready(Some(Ok(Frame::data(data))))
                }
                Given::Otherwise(polled) => kind.pass_on(polled, cx),
            }
        } else {
            match given(polled, permit) {
                Given::Data(data) => Poll::Ready(Some(Ok(Frame::data(data)))),
                Given::Otherwise(polled) => kind.pass_on(polled, cx),
            }
        }
    }

    #[inline]
    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Gated { body, .. } => body.is_end_stream(),
            Kind::Full { told } => is_empty(told),
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

/// What the body gave.
enum Given<D, E> {
    /// Which is to be passed on.
    Data(D),
    /// Anything else, or data of a request that is cancelled.
    Otherwise(Polled<D, E>),
}

/// Takes data out, and so takes it apart: copied as a whole, it would have to wait until all of its
/// parts were written. A look at the cancellation comes in between, or a compiler would copy it as
/// a whole after all.
#[inline(always)]
fn given<D, E>(polled: Polled<D, E>, permit: &RawPermit) -> Given<D, E> {
    match polled {
        Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
            Ok(data) if !permit.shard().is_cancelled() => Given::Data(data),
            Ok(data) => Given::Otherwise(Poll::Ready(Some(Ok(Frame::data(data))))),
            Err(frame) => Given::Otherwise(Poll::Ready(Some(Ok(frame)))),
        },
        other => Given::Otherwise(other),
    }
}
