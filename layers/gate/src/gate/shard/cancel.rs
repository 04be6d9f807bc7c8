use std::task::Context;

use super::Shard;
use crate::gate::{Key, Wait};
use crate::plugin::KeptForRequests;
use crate::sync::Ordering;
use crate::{PhaseCounts, RequestPhase};

/// Cancellation.
impl Shard {
    #[inline]
    pub(crate) fn is_cancelled(&self) -> bool {
        // Acquire: pairs with the Release store in `cancel`: who sees the cancellation sees why
        // the gate was closed.
        self.line.cancelled.load(Ordering::Acquire)
    }

    /// Marks the shard cancelled and wakes everybody who waits for that.
    pub(in crate::gate) fn cancel(&self) {
        // Release: pairs with the Acquire in `is_cancelled`.
        self.line.cancelled.store(true, Ordering::Release);
        self.line.waiting.wake_all();
    }

    /// Somebody inside has got from one phase to another.
    #[cold]
    pub(crate) fn moved(&self, from: RequestPhase, to: RequestPhase) {
        let upgraded = &self.line.upgraded;
        match (from, to) {
            (RequestPhase::Upgraded, RequestPhase::Upgraded) => {}
            (RequestPhase::Upgraded, _) => _ = upgraded.fetch_sub(1, Ordering::Relaxed),
            (_, RequestPhase::Upgraded) => _ = upgraded.fetch_add(1, Ordering::Relaxed),
            _ => {}
        }
    }

    /// How many inside are in which phase. A pending response future always has a place in the
    /// list of those who wait, and work beyond a response is counted; the rest are bodies.
    pub(crate) fn phases(&self) -> PhaseCounts {
        let upgraded = self.line.upgraded.load(Ordering::Relaxed);
        PhaseCounts::of(self.count(), self.line.waiting.heads(), upgraded)
    }

    /// Whether the shard is cancelled; if not, the task, which is in that phase, is woken when
    /// it is.
    #[inline]
    pub(crate) fn poll_cancelled(
        &self,
        phase: RequestPhase,
        wait: &mut Wait,
        cx: &Context<'_>,
    ) -> bool {
        if self.is_cancelled() {
            return true;
        }
        if wait.is_current(cx) {
            return false;
        }
        self.register(phase, wait, cx)
    }

    #[inline(never)]
    fn register(&self, phase: RequestPhase, wait: &mut Wait, cx: &Context<'_>) -> bool {
        self.line.waiting.register_in(phase, wait, cx);
        self.is_cancelled()
    }

    /// Has the task of a response body woken by the cancellation. The caller looks whether there
    /// was one *afterwards*.
    pub(crate) fn register_body(&self, key: Option<Key>, cx: &Context<'_>) -> Key {
        self.line.waiting.register_key(key, cx)
    }

    pub(crate) fn leave_body(&self, key: Key) {
        self.line.waiting.leave_key(key);
    }

    pub(crate) fn kept(&self) -> &KeptForRequests {
        &self.line.kept
    }

    #[inline]
    pub(crate) fn stop_waiting(&self, wait: &mut Wait) {
        self.line.waiting.leave(wait);
    }
}
