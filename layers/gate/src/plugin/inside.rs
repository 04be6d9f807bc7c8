use std::task::{Context, Poll};

use super::Holder;
use crate::gate::{Drain, Exit, Wait};
use crate::{CancelledError, PanickedError, policy};

/// A request that is inside until its [`Holder`] is taken, and the place of its task in the list
/// of those that wait to be cancelled.
#[derive(Debug)]
pub(crate) struct Inside {
    holder: Option<Holder>,
    wait: Wait,
}

impl From<Holder> for Inside {
    #[inline]
    fn from(mut holder: Holder) -> Self {
        holder.leaves(Exit::Dropped);
        Self {
            holder: Some(holder),
            wait: Wait::default(),
        }
    }
}

impl Inside {
    /// Of a request that is not inside.
    pub(super) fn nobody() -> Self {
        Self {
            holder: None,
            wait: Wait::default(),
        }
    }

    /// What the request is inside by, to be held in another way.
    pub(crate) fn into_holder(mut self) -> Holder {
        self.stop_waiting();
        self.holder.take().expect("asked of a request inside")
    }

    #[inline]
    pub(super) fn holder(&mut self) -> Option<&mut Holder> {
        self.holder.as_mut()
    }

    #[inline]
    pub(super) fn is_cancelled(&self) -> bool {
        self.holder
            .as_ref()
            .is_some_and(|holder| holder.shard().is_cancelled())
    }

    #[inline]
    pub(super) fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &self.holder {
            Some(holder) if holder.shard().poll_cancelled(&mut self.wait, cx) => Poll::Ready(()),
            _ => Poll::Pending,
        }
    }

    /// Hands itself on, together with its place in the list: the task stays the same.
    #[inline]
    pub(super) fn take(&mut self) -> Self {
        Self {
            holder: self.holder.take(),
            wait: self.wait.take(),
        }
    }

    /// The request has run its course, well or not.
    #[inline]
    pub(super) fn end(&mut self, exit: Exit) {
        self.stop_waiting();
        // Not taken out first: it ends where it is.
        if let Some(holder) = &mut self.holder {
            holder.leaves(exit);
        }
        self.holder = None;
    }

    #[inline]
    fn stop_waiting(&mut self) {
        if let Some(holder) = &self.holder {
            holder.shard().leave(&mut self.wait);
        }
    }

    fn drain(&self) -> &Drain {
        let holder = self.holder.as_ref().expect("asked of a request inside");
        holder.shard().drain()
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
        self.stop_waiting();
    }
}

impl policy::Inside for Inside {
    fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        Self::poll_cancelled(self, cx)
    }

    fn cancelled_error(&self) -> CancelledError {
        Self::cancelled_error(self)
    }

    fn leaves(&mut self, exit: Exit) {
        if let Some(holder) = &mut self.holder {
            holder.leaves(exit);
        }
    }
}
