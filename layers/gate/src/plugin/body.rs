use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::answer::grpc_status;
use super::{Holder, Protocol};
use crate::{BoxError, CancelledError};

pin_project! {
    /// A response body that keeps its request inside until it ends: at the end of the stream, at
    /// an error, or when it is dropped, whichever comes first.
    ///
    /// Frames, size hint and end of stream are the inner body's. When the drain's deadline passes
    /// while there is more to come, it ends with [`CancelledError`], or with a gRPC status in
    /// trailers.
    pub struct ResponseBody<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = KindProj]
    #[project_replace = KindOwn]
    enum Kind<B> {
        Gated {
            #[pin]
            body: B,
            holder: Option<Holder>,
            protocol: Protocol,
        },
        Full { bytes: Option<Bytes> },
    }
}

impl<B: Body> ResponseBody<B> {
    /// Wraps the body of a request that is inside by `holder`.
    pub fn new(body: B, holder: impl Into<Holder>, protocol: Protocol) -> Self {
        let mut holder = Some(holder.into());
        if body.is_end_stream() {
            release(&mut holder);
        }
        Self {
            kind: Kind::Gated {
                body,
                holder,
                protocol,
            },
        }
    }
}

impl<B> ResponseBody<B> {
    /// The body of a request that is not inside: it passes through as it is.
    pub fn ungated(body: B) -> Self {
        Self {
            kind: Kind::Gated {
                body,
                holder: None,
                protocol: Protocol::Http,
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

fn release(holder: &mut Option<Holder>) {
    if let Some(holder) = holder.take() {
        holder.complete();
    }
}

/// How the frame stream of a cut-off request ends.
fn cut_off<D>(protocol: Protocol, error: CancelledError) -> Result<Frame<D>, BoxError> {
    match protocol {
        // A clean end would pass for a whole body.
        Protocol::Http => Err(error.into()),
        Protocol::Grpc => Ok(Frame::trailers(grpc_status(&error.to_string()))),
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
        let (end, protocol) = match kind.as_mut().project() {
            KindProj::Full { bytes } => {
                return Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes.into()))));
            }
            KindProj::Gated {
                mut body,
                holder,
                protocol,
            } => {
                let polled = body.as_mut().poll_frame(cx);
                let more = match &polled {
                    Poll::Ready(Some(Ok(frame))) => !frame.is_trailers() && !body.is_end_stream(),
                    Poll::Ready(_) => false,
                    Poll::Pending => true,
                };
                if !more {
                    release(holder);
                }
                let Some(holder) = holder else {
                    return polled.map_err(Into::into);
                };
                let cancelled = match polled {
                    Poll::Ready(_) => holder.is_cancelled(),
                    Poll::Pending => holder.poll_cancelled(cx).is_ready(),
                };
                if !cancelled {
                    return polled.map_err(Into::into);
                }
                (holder.cancelled_error(), *protocol)
            }
        };
        // Here and not with the body: what would come after the end is of no use to anybody.
        kind.project_replace(Kind::Full { bytes: None });
        Poll::Ready(Some(cut_off(protocol, end)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Gated { body, .. } => body.is_end_stream(),
            Kind::Full { bytes } => bytes.is_none(),
        }
    }

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
        let holder = match &self.kind {
            Kind::Gated { holder, .. } => holder.as_ref(),
            Kind::Full { .. } => None,
        };
        f.debug_struct("ResponseBody")
            .field("inside", &holder)
            .finish_non_exhaustive()
    }
}
