use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};

/// Something that holds on to a generation.
pub(super) trait Settle: Send + Sync {
    /// Lets go of a generation that is no longer current, else asks to be called again when the
    /// slot changes.
    fn settle(&self);
}

/// Wakes no task: settles instead. So a slot, which only knows that somebody wants to be woken,
/// also makes caches drop what it has replaced.
struct Evict<T>(Weak<T>);

/// A waker that settles `target`, for as long as that lives.
pub(super) fn waker<T: Settle + 'static>(target: Weak<T>) -> Waker {
    Waker::from(Arc::new(Evict(target)))
}

impl<T: Settle> Wake for Evict<T> {
    fn wake(self: Arc<Self>) {
        if let Some(target) = self.0.upgrade() {
            // A middleware that panics while it is dropped must not do so in whoever swaps.
            let _ = catch_unwind(AssertUnwindSafe(move || {
                target.settle();
                drop(target);
            }));
        }
    }
}
