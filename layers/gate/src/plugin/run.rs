use std::panic::{AssertUnwindSafe, catch_unwind};

use super::inside::Inside;
use super::notes::Notes;
use crate::PanickedError;
use crate::gate::{Exit, RawPermit};

/// Counts a request as panicked, unless it is forgotten before.
struct Unwinds<'a>(Inside<'a>);

impl Drop for Unwinds<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        // By its parts, or the whole would have to lie in memory.
        panicked(self.0.permit, self.0.notes);
    }
}

#[cold]
#[inline(never)]
fn panicked(permit: &RawPermit, notes: &mut Notes) {
    Inside { permit, notes }.end(Exit::Panicked);
}

/// Runs code of the service behind, for a request that is inside. A panic in it is counted.
#[inline(always)]
pub(super) fn watched<T>(inside: Inside<'_>, work: impl FnOnce() -> T) -> T {
    let unwinds = Unwinds(inside);
    let done = work();
    std::mem::forget(unwinds);
    done
}

/// As [`watched`], and catches the panic: what panicked must not be touched again.
pub(super) fn caught<T>(
    mut inside: Inside<'_>,
    work: impl FnOnce() -> T,
) -> Result<T, PanickedError> {
    // What the panic left half done is dropped by the caller without another look.
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| {
        let error = inside.panicked_error();
        inside.end(Exit::Panicked);
        error
    })
}
