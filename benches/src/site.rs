use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use tower_service::Service;

/// The service inside, which is not inlined into what is around it, as the boxed routes of a router
/// are not: its future is `Pending` a given number of times, its body has a given
/// number of frames, and neither allocates.
#[derive(Debug, Clone, Copy)]
pub struct Site {
    /// How often the future is pending.
    pub pending: u32,
    /// How many frames the body has.
    pub frames: u32,
}

impl Site {
    /// Ready at once, with a body of one frame.
    pub const UNARY: Self = Self {
        pending: 0,
        frames: 1,
    };

    /// Never answers.
    pub const STUCK: Self = Self {
        pending: u32::MAX,
        frames: 0,
    };
}

impl Service<Request<()>> for Site {
    type Response = Response<Frames>;
    type Error = Infallible;
    type Future = Reply;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    #[inline(never)]
    fn call(&mut self, _: Request<()>) -> Reply {
        Reply(*self)
    }
}

/// Future of [`Site`].
#[derive(Debug)]
pub struct Reply(Site);

impl Future for Reply {
    type Output = Result<Response<Frames>, Infallible>;

    #[inline(never)]
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let Site { pending, frames } = &mut self.0;
        if *pending > 0 {
            // Whoever drives it polls again unasked.
            *pending -= u32::from(*pending != u32::MAX);
            return Poll::Pending;
        }
        Poll::Ready(Ok(Response::new(Frames(*frames))))
    }
}

/// Body of [`Site`].
#[derive(Debug, Default)]
pub struct Frames(u32);

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    #[inline(never)]
    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.0 == 0 {
            return Poll::Ready(None);
        }
        self.0 -= 1;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"hello")))))
    }

    fn is_end_stream(&self) -> bool {
        self.0 == 0
    }
}
