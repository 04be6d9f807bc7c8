use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};

/// Where the rest of an upload is put by whoever drops it.
pub(super) type Leftover<R> = Arc<Mutex<Option<R>>>;

/// The request body as a service behind a [`LingerLayer`](super::LingerLayer) sees it: the
/// client's, frame for frame.
pub struct Upload<R: Body> {
    /// `None` only while it is being dropped.
    body: Option<R>,
    leftover: Option<Leftover<R>>,
}

impl<R: Body> Upload<R> {
    pub(super) fn new(body: R, leftover: Option<Leftover<R>>) -> Self {
        Self {
            body: Some(body),
            leftover,
        }
    }
}

impl<R: Body> Drop for Upload<R> {
    fn drop(&mut self) {
        if let (Some(body), Some(leftover)) = (self.body.take(), &self.leftover) {
            if !body.is_end_stream() {
                *leftover.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
            }
        }
    }
}

impl<R: Body + Unpin> Body for Upload<R> {
    type Data = R::Data;
    type Error = R::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<R::Data>, R::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let hint = self.body.as_ref().map(Body::size_hint);
        hint.unwrap_or_else(|| SizeHint::with_exact(0))
    }
}

impl<R: Body> fmt::Debug for Upload<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").finish_non_exhaustive()
    }
}
