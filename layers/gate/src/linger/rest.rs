use std::pin::Pin;
use std::sync::PoisonError;
use std::task::{Context, Poll};

use bytes::Buf;
use http_body::Body;

use super::upload::Leftover;

/// How many frames are thrown away before other tasks have their turn.
const FRAMES_A_TURN: usize = 64;

/// What is left of an upload that nobody wants, to be read and thrown away.
pub(super) struct Rest<R> {
    leftover: Leftover<R>,
    body: Option<R>,
    bytes_left: u64,
}

impl<R: Body + Unpin> Rest<R> {
    pub(super) fn new(leftover: Leftover<R>, max_bytes: u64) -> Self {
        Self {
            leftover,
            body: None,
            bytes_left: max_bytes,
        }
    }

    /// Ready once there is no more to read: the upload has ended, or failed, or is too long, or
    /// the service has not let go of it.
    pub(super) fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.body.is_none() {
            let mut leftover = self.leftover.lock().unwrap_or_else(PoisonError::into_inner);
            self.body = leftover.take();
        }
        let Some(body) = &mut self.body else {
            return Poll::Ready(());
        };
        for _ in 0..FRAMES_A_TURN {
            match std::task::ready!(Pin::new(&mut *body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    let read = frame.data_ref().map_or(0, |data| data.remaining() as u64);
                    if read > self.bytes_left {
                        self.body = None;
                        return Poll::Ready(());
                    }
                    self.bytes_left -= read;
                }
                Some(Err(_)) | None => {
                    self.body = None;
                    return Poll::Ready(());
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
