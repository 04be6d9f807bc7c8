//! What a gated body makes of the frames that it is given, where they are not mere data.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame};

use super::answer::{INTERNAL, UNAVAILABLE, grpc_status};
use super::body::{Kind, KindProj};
use super::inside::Inside;
use super::run::{caught, watched};
use super::verdict::blames_server;
use super::{Protocol, ResponseBodyError};
use crate::BoxError;

/// How the frame stream of a request ends that cannot go on.
fn last_frame<D>(
    protocol: Protocol,
    grpc: &'static str,
    error: impl Into<BoxError>,
) -> Result<Frame<D>, ResponseBodyError> {
    let error = error.into();
    match protocol {
        // A clean end would pass for a whole body.
        Protocol::Http => Err(ResponseBodyError::new(error)),
        Protocol::Grpc => Ok(Frame::trailers(grpc_status(grpc, &error.to_string()))),
    }
}

pub(super) type Polled<D, E> = Poll<Option<Result<Frame<D>, E>>>;

impl<B> Kind<B>
where
    B: Body,
    B::Data: From<Bytes>,
    B::Error: Into<BoxError>,
{
    /// Ends the stream of a request that was cancelled. What would come after that is of no use to
    /// anybody, and goes.
    #[cold]
    fn cancel(mut self: Pin<&mut Self>) -> Polled<B::Data, ResponseBodyError> {
        let KindProj::Gated { permit, notes, .. } = self.as_mut().project() else {
            return Poll::Ready(None);
        };
        let protocol = notes.protocol();
        let error = Inside { permit, notes }.cancelled_error();
        self.cut_off();
        Poll::Ready(Some(last_frame(protocol, UNAVAILABLE, error)))
    }

    /// Of a request that is over, cancelled, or whose panics are to be caught.
    #[inline(never)]
    pub(super) fn poll_specially(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Polled<B::Data, ResponseBodyError> {
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
            return body.poll_frame(cx).map_err(ResponseBodyError::new);
        }
        if !notes.catches_panics() {
            let polled = watched(Inside { permit, notes }, || body.poll_frame(cx));
            return self.pass_on(polled, cx);
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

    /// What the body gave, while its request was inside.
    #[inline(never)]
    pub(super) fn pass_on(
        mut self: Pin<&mut Self>,
        polled: Polled<B::Data, B::Error>,
        cx: &mut Context<'_>,
    ) -> Polled<B::Data, ResponseBodyError> {
        let KindProj::Gated {
            body,
            permit,
            notes,
        } = self.as_mut().project()
        else {
            return Poll::Ready(None);
        };
        match polled {
            Poll::Ready(Some(Ok(frame))) if frame.is_data() => {
                let inside = &mut Inside { permit, notes };
                if body.is_end_stream() || frame.data_ref().is_some_and(|data| inside.came(data)) {
                    inside.end_well();
                } else if permit.shard().is_cancelled() {
                    return self.cancel();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Ok(frame))) => {
                self.end(frame.trailers_ref(), false);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                self.end(None, true);
                Poll::Ready(Some(Err(ResponseBodyError::new(error))))
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
        Inside { permit, notes }.end_well();
    }
}
