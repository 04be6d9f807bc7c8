use std::panic::{AssertUnwindSafe, catch_unwind};

use super::inside::Inside;
use crate::PanickedError;
use crate::gate::Exit;

/// Counts a request as panicked, unless it is forgotten before.
struct Unwinds<'a>(&'a mut Inside);

impl Drop for Unwinds<'_> {
    #[cold]
    fn drop(&mut self) {
        self.0.end(Exit::Panicked);
    }
}

/// Runs code of the service behind, for a request that is inside. A panic in it is counted.
#[inline]
pub(super) fn watched<T>(inside: &mut Inside, work: impl FnOnce() -> T) -> T {
    let unwinds = Unwinds(inside);
    let done = work();
    std::mem::forget(unwinds);
    done
}

/// As [`watched`], and catches the panic: what panicked must not be touched again.
pub(super) fn caught<T>(inside: &mut Inside, work: impl FnOnce() -> T) -> Result<T, PanickedError> {
    // What the panic left half done is dropped by the caller without another look.
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| {
        let error = inside.panicked_error();
        inside.end(Exit::Panicked);
        error
    })
}
