use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Holder;
use crate::gate::Exit;

/// Runs code of the service behind, for a request that is inside by `holder`. A panic in it is
/// counted, and caught if `catches`: then the answer is `None`, and what panicked must not be
/// touched again.
pub(super) fn run<T>(holder: &Holder, catches: bool, work: impl FnOnce() -> T) -> Option<T> {
    holder.leaves(Exit::Panicked);
    let done = if catches {
        // What the panic left half done is dropped by the caller without another look.
        catch_unwind(AssertUnwindSafe(work)).ok()?
    } else {
        work()
    };
    holder.leaves(Exit::Dropped);
    Some(done)
}
