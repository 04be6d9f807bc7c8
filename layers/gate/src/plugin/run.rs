use std::panic::{AssertUnwindSafe, catch_unwind};

use super::inside::Inside;
use crate::PanickedError;
use crate::gate::Exit;

/// Counts a request as panicked, unless it is forgotten before.
pub(super) struct Unwinds<'a>(Inside<'a>);

impl Drop for Unwinds<'_> {
    #[cold]
    fn drop(&mut self) {
        self.0.end(Exit::Panicked);
    }
}

impl<'a> Unwinds<'a> {
    /// For a call whose request had to be moved to be run by [`watched`].
    #[inline(always)]
    pub(super) fn watch(inside: Inside<'a>) -> Self {
        Self(inside)
    }

    #[inline(always)]
    pub(super) fn done(self) {
        std::mem::forget(self);
    }
}

/// Runs code of the service behind, for a request that is inside. A panic in it is counted.
#[inline(always)]
pub(super) fn watched<T>(inside: Inside<'_>, work: impl FnOnce() -> T) -> T {
    let unwinds = Unwinds::watch(inside);
    let done = work();
    unwinds.done();
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
