use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame};

use super::op::End;

/// A body in chunks of the given sizes, some of them late.
pub(super) struct Chunks {
    bytes: Bytes,
    sizes: Vec<u8>,
    next: usize,
    is_late: bool,
    end: Option<End>,
}

impl Chunks {
    pub(super) fn new(bytes: Vec<u8>, sizes: Vec<u8>, end: End) -> Self {
        Self {
            bytes: bytes.into(),
            sizes,
            next: 0,
            is_late: false,
            end: Some(end),
        }
    }

    fn size(&mut self) -> Option<usize> {
        let place = self.next.checked_rem(self.sizes.len())?;
        self.next += 1;
        Some(self.sizes[place].into())
    }
}

impl Body for Chunks {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        if !self.bytes.is_empty() {
            // Without sizes, or where they are only zeros for too long, all of it at once.
            let wanted = if self.next > 64 { None } else { self.size() };
            let size = wanted.unwrap_or(usize::MAX).min(self.bytes.len());
            self.is_late = !self.is_late && size % 2 == 1;
            if self.is_late {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            return Poll::Ready(Some(Ok(Frame::data(self.bytes.split_to(size)))));
        }
        Poll::Ready(match self.end {
            Some(End::Never) => return Poll::Pending,
            Some(End::WithError) => {
                self.end = None;
                Some(Err("the connection is gone"))
            }
            Some(End::WithTrailers) => {
                self.end = None;
                Some(Ok(Frame::trailers(HeaderMap::new())))
            }
            Some(End::Well) | None => None,
        })
    }
}
