use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::answer::{INTERNAL, UNAVAILABLE, grpc_status};
use super::inside::Inside;
use super::run::{caught, watched};
use super::verdict::{self, blames_server};
use super::{Answer, Holder, Protocol};
use crate::gate::Exit;
use crate::{BoxError, RequestPhase};

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
}

pin_project! {
    #[project = KindProj]
    enum Kind<B> {
        Gated {
            #[pin]
            body: B,
            inside: Inside,
            protocol: Protocol,
            catches_panics: bool,
            // How it is to be counted if it ends well.
            end: Exit,
        },
        Full { bytes: Option<Bytes> },
    }
}

impl<B: Body> ResponseBody<B> {
    /// Puts itself around the body of a request that is inside by `holder`.
    pub fn around(
        response: Response<B>,
        holder: impl Into<Holder>,
        answer: Answer,
    ) -> Response<Self> {
        Self::inside(response, &mut holder.into().into(), answer)
    }

    #[inline(always)]
    pub(super) fn inside(
        response: Response<B>,
        inside: &mut Inside,
        answer: Answer,
    ) -> Response<Self> {
        let end = verdict::of_head(answer.protocol(), response.status(), response.headers());
        if response.body().is_end_stream() {
            inside.end(end);
        }
        response.map(|body| Self {
            kind: Kind::Gated {
                body,
                inside: inside.take_to_body(),
                protocol: answer.protocol(),
                catches_panics: answer.catches_panics(),
                end,
            },
        })
    }
}

impl<B> ResponseBody<B> {
    /// The body of a request that is not inside: it passes through as it is.
    pub fn ungated(body: B) -> Self {
        Self {
            kind: Kind::Gated {
                body,
                inside: Inside::nobody(),
                protocol: Protocol::Http,
                catches_panics: false,
                end: Exit::Completed,
            },
        }
    }

    /// A body of one chunk that belongs to no request inside.
    pub(super) fn full(bytes: Bytes) -> Self {
        Self {
            kind: Kind::Full {
                bytes: Some(bytes).filter(|bytes| !bytes.is_empty()),
            },
        }
    }

    /// A body without content that belongs to no request inside.
    pub(super) fn empty() -> Self {
        Self {
            kind: Kind::Full { bytes: None },
        }
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
    /// Ends the stream. What would come after that is of no use to anybody, and goes.
    #[cold]
    fn end(
        mut self: Pin<&mut Self>,
        protocol: Protocol,
        grpc: &'static str,
        error: impl Into<BoxError>,
    ) -> Polled<B::Data, BoxError> {
        self.set(Self::Full { bytes: None });
        Poll::Ready(Some(last_frame(protocol, grpc, error)))
    }

    #[inline(never)]
    fn poll_catching(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled<B::Data, BoxError> {
        let KindProj::Gated {
            body,
            inside,
            protocol,
            ..
        } = self.as_mut().project()
        else {
            return Poll::Ready(None);
        };
        match caught(inside, || body.poll_frame(cx)) {
            Ok(polled) => self.pass_on(polled, cx),
            Err(error) => {
                let protocol = *protocol;
                self.end(protocol, INTERNAL, error)
            }
        }
    }

    /// What the body gave, while its request was inside.
    #[inline(always)]
    fn pass_on(
        mut self: Pin<&mut Self>,
        polled: Polled<B::Data, B::Error>,
        cx: &mut Context<'_>,
    ) -> Polled<B::Data, BoxError> {
        let KindProj::Gated {
            body,
            inside,
            protocol,
            end,
            ..
        } = self.as_mut().project()
        else {
            return Poll::Ready(None);
        };
        // Each arm returns what it was given: to gather them first would be to move every frame.
        match polled {
            Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) => {
                    if body.is_end_stream() {
                        inside.end(*end);
                    } else if inside.is_cancelled() {
                        let (protocol, error) = (*protocol, inside.cancelled_error());
                        return self.end(protocol, UNAVAILABLE, error);
                    }
                    Poll::Ready(Some(Ok(Frame::data(data))))
                }
                Err(frame) => {
                    if let Some(trailers) = frame.trailers_ref() {
                        if *protocol == Protocol::Grpc && blames_server(trailers) {
                            *end = Exit::Failed;
                        }
                    }
                    inside.end(*end);
                    Poll::Ready(Some(Ok(frame)))
                }
            },
            Poll::Ready(Some(Err(error))) => {
                inside.end(Exit::Failed);
                Poll::Ready(Some(Err(error.into())))
            }
            Poll::Ready(None) => {
                inside.end(*end);
                Poll::Ready(None)
            }
            Poll::Pending => {
                ready!(inside.poll_cancelled(RequestPhase::Body, cx));
                let (protocol, error) = (*protocol, inside.cancelled_error());
                self.end(protocol, UNAVAILABLE, error)
            }
        }
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

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let mut kind = self.project().kind;
        match kind.as_mut().project() {
            KindProj::Full { bytes } => {
                Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes.into()))))
            }
            KindProj::Gated {
                body,
                inside,
                catches_panics,
                ..
            } => {
                if inside.is_over() {
                    return body.poll_frame(cx).map_err(Into::into);
                }
                if *catches_panics {
                    return kind.poll_catching(cx);
                }
                let polled = watched(inside, || body.poll_frame(cx));
                kind.pass_on(polled, cx)
            }
        }
    }

    #[inline]
    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Gated { body, .. } => body.is_end_stream(),
            Kind::Full { bytes } => bytes.is_none(),
        }
    }

    #[inline]
    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Gated { body, .. } => body.size_hint(),
            Kind::Full { bytes } => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
        }
    }
}

impl<B> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inside = match &self.kind {
            Kind::Gated { inside, .. } => Some(inside),
            Kind::Full { .. } => None,
        };
        f.debug_struct("ResponseBody")
            .field("inside", &inside)
            .finish_non_exhaustive()
    }
}
