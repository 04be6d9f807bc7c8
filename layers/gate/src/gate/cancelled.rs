use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{Shard, Wait};
use crate::RequestPhase;

/// Future of [`Permit::cancelled`](crate::Permit::cancelled) and [`Lease::cancelled`](crate::Lease::cancelled).
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Cancelled<'a> {
    shard: &'a Shard,
    wait: Wait,
    or: Option<Box<Self>>,
}

impl<'a> Cancelled<'a> {
    pub(super) fn new(shard: &'a Shard) -> Self {
        Self {
            shard,
            wait: Wait::default(),
            or: None,
        }
    }

    /// Resolves once either does.
    pub(crate) fn or(mut self, other: Self) -> Self {
        self.or = Some(Box::new(other));
        self
    }

    fn poll_either(&mut self, cx: &mut Context<'_>) -> bool {
        self.shard
            .poll_cancelled(RequestPhase::Upgraded, &mut self.wait, cx)
            || self.or.as_mut().is_some_and(|or| or.poll_either(cx))
    }
}

impl Future for Cancelled<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.get_mut().poll_either(cx) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Drop for Cancelled<'_> {
    fn drop(&mut self) {
        self.shard.stop_waiting(&mut self.wait);
    }
}
