use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::{Drain, Wait};

/// Future of [`Gate::drained`](super::Gate::drained): resolves once the gate is closed and empty.
///
/// Cancel safe: dropping it loses nothing, and any number of them may wait at once.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Drained {
    drain: Arc<Drain>,
    wait: Wait,
}

impl Drained {
    pub(super) fn new(drain: Arc<Drain>) -> Self {
        Self {
            drain,
            wait: Wait::default(),
        }
    }
}

impl Future for Drained {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if this.drain.is_done() {
            return Poll::Ready(());
        }
        this.drain.register(&mut this.wait, cx);
        if this.drain.is_done() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Drop for Drained {
    fn drop(&mut self) {
        self.drain.leave(&mut self.wait);
    }
}
