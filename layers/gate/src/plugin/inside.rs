use std::sync::Arc;
use std::task::Context;

use http::Response;
use http_body::Body;

use super::kept::Kept;
use super::notes::Notes;
use super::verdict;
use crate::gate::{Drain, Exit, RawPermit};
use crate::{CancelledError, PanickedError, RequestPhase};

/// A request that is inside until it ends, as its response future and its body hold it: by a
/// permit, which is left once, as the notes say.
pub(super) struct Inside<'a> {
    pub(super) permit: &'a RawPermit,
    pub(super) notes: &'a mut Notes,
}

impl Inside<'_> {
    /// Ends it, unless it is over.
    #[inline(always)]
    pub(super) fn end(&mut self, exit: Exit) {
        let was = self.notes.take();
        if was.is_alone() {
            self.permit.exit_once(exit);
        } else {
            end_specially(self.permit, was, exit);
        }
    }

    /// Ends one that came to its end, as well as it is known to have gone.
    #[inline(always)]
    pub(super) fn end_well(&mut self) {
        let end = self.notes.end();
        self.end(end);
    }

    /// Its response head is out, and tells how it goes, and whether there is more to come.
    pub(super) fn show_head<B: Body>(&mut self, response: &Response<B>) {
        let protocol = self.notes.protocol();
        if verdict::is_failure(protocol, response.status(), response.headers()) {
            self.notes.fail();
        }
        if self.notes.is_head() || response.body().is_end_stream() {
            self.end_well();
        } else if let (true, Some(key)) = (self.notes.is_kept(), self.notes.key()) {
            self.permit.shard().kept().is_in_body(key);
        }
    }

    /// Whether it is cancelled, while in its body; if not, the task is woken when it is.
    pub(super) fn poll_cancelled(&mut self, cx: &Context<'_>) -> bool {
        let shard = self.permit.shard();
        if shard.is_cancelled() {
            return true;
        }
        match self.notes.key() {
            Some(key) if self.notes.is_kept() => {
                let mut wait = shard.kept().wait(key);
                let is_cancelled = shard.poll_cancelled(RequestPhase::Body, &mut wait, cx);
                shard.kept().put_wait(key, wait);
                is_cancelled
            }
            key => {
                let key = shard.register_body(key, cx);
                *self.notes = self.notes.with_key(key);
                shard.is_cancelled()
            }
        }
    }

    fn drain(&self) -> Arc<Drain> {
        debug_assert!(!self.notes.is_over(), "asked of a request inside");
        self.permit.shard().drain()
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

/// Ends a request that has left more behind than a count.
#[inline(never)]
fn end_specially(permit: &RawPermit, was: Notes, exit: Exit) {
    if was.is_over() {
        return;
    }
    let shard = permit.shard();
    match was.key() {
        Some(key) if was.is_kept() => {
            let Kept {
                otherwise,
                mut wait,
            } = shard.kept().take(key);
            shard.stop_waiting(&mut wait);
            return otherwise.end(exit);
        }
        Some(key) => shard.leave_body(key),
        None => {}
    }
    permit.exit_once(exit);
}
