use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::RawSlot;
use crate::gate::Wait;

/// One task's wait for a [`Slot`](super::Slot) to change.
///
/// What [`Slot::watch`](super::Slot::watch) returns. A clone waits for nobody yet.
pub struct Watch {
    slot: Arc<RawSlot>,
    wait: Wait,
}

impl Watch {
    pub(super) fn new(slot: Arc<RawSlot>) -> Self {
        Self {
            slot,
            wait: Wait::default(),
        }
    }

    /// Ready once the slot's [`version`](super::Slot::version) is another one than `seen`; until
    /// then the task is woken by the next change. Only the task that polled last is woken.
    pub fn poll_changed(&mut self, seen: u64, cx: &mut Context<'_>) -> Poll<()> {
        // Registered before the look: a change is either seen here or finds the waker.
        self.slot.register(&mut self.wait, cx);
        if self.slot.version() == seen {
            return Poll::Pending;
        }
        self.slot.leave(&mut self.wait);
        Poll::Ready(())
    }
}

impl Clone for Watch {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.slot))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.slot.leave(&mut self.wait);
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("plugin", &self.slot.plugin)
            .finish_non_exhaustive()
    }
}
