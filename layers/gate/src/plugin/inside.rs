use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::Holder;
use super::holder::Held;
use crate::gate::{Drain, Exit, Wait};
use crate::{CancelledError, PanickedError, RequestPhase, policy};

/// A request that is inside until it ends, and the place of its task in the list of those that
/// wait to be cancelled.
pub(crate) struct Inside {
    held: Option<Held>,
    wait: Wait,
}

impl From<Holder> for Inside {
    #[inline]
    fn from(holder: Holder) -> Self {
        Self {
            held: holder.into_held(),
            wait: Wait::default(),
        }
    }
}

impl Inside {
    /// Of a request that is not inside.
    pub(super) fn nobody() -> Self {
        Self {
            held: None,
            wait: Wait::default(),
        }
    }

    /// What the request is inside by, to be held in another way.
    pub(crate) fn into_holder(mut self) -> Holder {
        let held = self.held.take().expect("asked of a request inside");
        held.shard().stop_waiting(&mut self.wait);
        held.into()
    }

    #[inline]
    pub(super) fn is_over(&self) -> bool {
        self.held.is_none()
    }

    #[inline(always)]
    pub(super) fn is_cancelled(&self) -> bool {
        match &self.held {
            Some(held) => held.shard().is_cancelled(),
            None => false,
        }
    }

    #[inline]
    pub(super) fn poll_cancelled(&mut self, phase: RequestPhase, cx: &mut Context<'_>) -> Poll<()> {
        match &self.held {
            Some(held) if held.shard().poll_cancelled(phase, &mut self.wait, cx) => Poll::Ready(()),
            _ => Poll::Pending,
        }
    }

    /// Hands itself on, together with its place in the list: the task stays the same.
    #[inline]
    pub(super) fn take(&mut self) -> Self {
        Self {
            held: self.held.take(),
            wait: self.wait.take(),
        }
    }

    /// Hands itself on to the body. Its place in the list is given back: by that it is known that
    /// the head is out.
    #[inline]
    pub(super) fn take_to_body(&mut self) -> Self {
        let held = self.held.take();
        if let Some(held) = &held {
            held.shard().stop_waiting(&mut self.wait);
            held.is_in_body();
        }
        let wait = Wait::default();
        Self { held, wait }
    }

    #[inline]
    pub(super) fn end(&mut self, exit: Exit) {
        if let Some(held) = self.held.take() {
            held.shard().stop_waiting(&mut self.wait);
            held.end(exit);
        }
    }

    fn drain(&self) -> Arc<Drain> {
        let held = self.held.as_ref().expect("asked of a request inside");
        held.shard().drain()
    }

    #[cold]
    pub(super) fn cancelled_error(&self) -> CancelledError {
        self.drain().cancelled_error()
    }

    #[cold]
    pub(super) fn panicked_error(&self) -> PanickedError {
        self.drain().panicked_error()
    }
}

impl Drop for Inside {
    #[inline]
    fn drop(&mut self) {
        self.end(Exit::Dropped);
    }
}

impl fmt::Debug for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inside")
            .field("over", &self.is_over())
            .field("cancelled", &self.is_cancelled())
            .finish()
    }
}

impl policy::Inside for Inside {
    fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        Self::poll_cancelled(self, RequestPhase::Head, cx)
    }

    fn cancelled_error(&self) -> CancelledError {
        Self::cancelled_error(self)
    }

    fn fail(&mut self) {
        self.end(Exit::Failed);
    }
}
