use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Holder;
use crate::gate::Exit;

/// Marks a request as panicked, unless it is forgotten before.
struct Unwinds<'a>(&'a mut Holder);

impl Drop for Unwinds<'_> {
    #[cold]
    fn drop(&mut self) {
        self.0.leaves(Exit::Panicked);
    }
}

/// Runs code of the service behind, for a request that is inside by `holder`. A panic in it is
/// counted, and caught if `catches`: then the answer is `None`, and what panicked must not be
/// touched again.
#[inline]
pub(super) fn run<T>(holder: &mut Holder, catches: bool, work: impl FnOnce() -> T) -> Option<T> {
    if catches {
        caught(holder, work)
    } else {
        Some(watched(holder, work))
    }
}

/// As [`run`] without catching.
#[inline]
pub(super) fn watched<T>(holder: &mut Holder, work: impl FnOnce() -> T) -> T {
    let unwinds = Unwinds(holder);
    let done = work();
    std::mem::forget(unwinds);
    done
}

/// As [`run`] with catching.
pub(super) fn caught<T>(holder: &mut Holder, work: impl FnOnce() -> T) -> Option<T> {
    // What the panic left half done is dropped by the caller without another look.
    let done = catch_unwind(AssertUnwindSafe(work)).ok();
    if done.is_none() {
        holder.leaves(Exit::Panicked);
    }
    done
}
