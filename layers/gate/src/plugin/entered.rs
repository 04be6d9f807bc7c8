use std::fmt;
use std::task::{Context, Poll};

use super::Holder;
use super::holder::Held;
use crate::gate::{Exit, Wait};
use crate::{CancelledError, RequestPhase, policy};

/// A request that is inside, and for which the service behind is not ready yet.
pub(crate) struct Entered {
    held: Option<Held>,
    wait: Wait,
}

impl From<Holder> for Entered {
    fn from(holder: Holder) -> Self {
        Self {
            held: holder.into_held(),
            wait: Wait::default(),
        }
    }
}

impl Entered {
    /// What the request is inside by, to be held in another way.
    pub(crate) fn into_holder(mut self) -> Holder {
        let held = self.held.take().expect("asked of a request inside");
        held.shard().stop_waiting(&mut self.wait);
        held.into()
    }

    fn end(&mut self, exit: Exit) {
        if let Some(held) = self.held.take() {
            held.shard().stop_waiting(&mut self.wait);
            held.end(exit);
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.end(Exit::Dropped);
    }
}

impl policy::Inside for Entered {
    fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (phase, wait) = (RequestPhase::Head, &mut self.wait);
        match &self.held {
            Some(held) if held.shard().poll_cancelled(phase, wait, cx) => Poll::Ready(()),
            _ => Poll::Pending,
        }
    }

    fn cancelled_error(&self) -> CancelledError {
        let held = self.held.as_ref().expect("asked of a request inside");
        held.shard().drain().cancelled_error()
    }

    fn fail(&mut self) {
        self.end(Exit::Failed);
    }
}

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entered").finish_non_exhaustive()
    }
}
