use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::answer::{INTERNAL, UNAVAILABLE, grpc_status};
use super::run::run;
use super::verdict::{self, blames_server};
use super::{Answer, Holder, Protocol};
use crate::BoxError;
use crate::gate::Exit;

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
    #[project_replace = KindOwn]
    enum Kind<B> {
        Gated {
            #[pin]
            body: B,
            holder: Option<Holder>,
            answer: Answer,
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
        let end = verdict::of_head(answer.protocol(), response.status(), response.headers());
        let holder = holder.into();
        holder.leaves(Exit::Dropped);
        response.map(|body| {
            let mut holder = Some(holder);
            if body.is_end_stream() {
                release(&mut holder, end);
            }
            Self {
                kind: Kind::Gated {
                    body,
                    holder,
                    answer,
                    end,
                },
            }
        })
    }
}

impl<B> ResponseBody<B> {
    /// The body of a request that is not inside: it passes through as it is.
    pub fn ungated(body: B) -> Self {
        Self {
            kind: Kind::Gated {
                body,
                holder: None,
                answer: Answer::default(),
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

fn release(holder: &mut Option<Holder>, end: Exit) {
    if let Some(holder) = holder.take() {
        holder.end(end);
    }
}

/// How the frame stream of a request ends that cannot go on.
fn cut_off<D>(
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
        let last = match kind.as_mut().project() {
            KindProj::Full { bytes } => {
                return Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes.into()))));
            }
            KindProj::Gated {
                mut body,
                holder,
                answer,
                end,
            } => {
                let protocol = answer.protocol();
                let Some(inside) = holder else {
                    return body.poll_frame(cx).map_err(Into::into);
                };
                match run(inside, answer.catches_panics(), || {
                    body.as_mut().poll_frame(cx)
                }) {
                    None => cut_off(protocol, INTERNAL, inside.panicked_error()),
                    Some(polled) => {
                        let more = match &polled {
                            Poll::Ready(Some(Ok(frame))) => match frame.trailers_ref() {
                                Some(trailers) => {
                                    if protocol == Protocol::Grpc && blames_server(trailers) {
                                        *end = Exit::Failed;
                                    }
                                    false
                                }
                                None => !body.is_end_stream(),
                            },
                            Poll::Ready(Some(Err(_))) => {
                                *end = Exit::Failed;
                                false
                            }
                            Poll::Ready(None) => false,
                            Poll::Pending => true,
                        };
                        if !more {
                            release(holder, *end);
                            return polled.map_err(Into::into);
                        }
                        let cancelled = match polled {
                            Poll::Ready(_) => inside.is_cancelled(),
                            Poll::Pending => inside.poll_cancelled(cx).is_ready(),
                        };
                        if !cancelled {
                            return polled.map_err(Into::into);
                        }
                        cut_off(protocol, UNAVAILABLE, inside.cancelled_error())
                    }
                }
            }
        };
        // Here and not with the body: what would come after the end is of no use to anybody.
        kind.project_replace(Kind::Full { bytes: None });
        Poll::Ready(Some(last))
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
