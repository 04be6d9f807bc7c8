use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::Rest;

pin_project! {
    /// A response body that waits until what its client still uploads was read.
    ///
    /// Frames, size hint and end of stream are the inner body's.
    pub struct LingerBody<B, R> {
        #[pin]
        body: B,
        rest: Option<Rest<R>>,
    }
}

impl<B, R> LingerBody<B, R> {
    pub(super) fn new(body: B, rest: Option<Rest<R>>) -> Self {
        Self { body, rest }
    }
}

impl<B, R> Body for LingerBody<B, R>
where
    B: Body,
    R: Body + Unpin,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        if let Some(rest) = this.rest {
            ready!(rest.poll_discard(cx));
        }
        this.body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B, R> fmt::Debug for LingerBody<B, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LingerBody").finish_non_exhaustive()
    }
}
