use std::sync::Arc;
use std::task::Context;

use bytes::Buf;
use http::Response;
use http::header::CONTENT_LENGTH;
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
            return self.end_well();
        }
        match announced_length(response) {
            Some(0) => return self.end_well(),
            Some(to_come) => self.measure(to_come),
            None => {}
        }
        if let (true, Some(key)) = (self.notes.is_kept(), self.notes.key()) {
            self.permit.shard().kept().is_in_body(key);
        }
    }

    /// Has it end with the last byte of its body, as the server that was told the length drops that.
    fn measure(&mut self, to_come: u64) {
        let key = self.notes.key().filter(|_| self.notes.is_kept());
        let key = self.permit.shard().kept().keep_length(key, to_come);
        *self.notes = self.notes.kept(key).measured();
    }

    /// More of its body has come. Whether that was the end of it.
    pub(super) fn came(&self, data: &impl Buf) -> bool {
        let key = self.notes.key().filter(|_| self.notes.is_measured());
        key.is_some_and(|key| self.permit.shard().kept().came(key, data.remaining()))
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

/// How long the head says that its body is, where the body does not say so itself.
///
/// Server and client go by that: hyper drops such a body after its last byte, and does not ask for
/// its end. Files are served like that.
#[inline(never)]
pub(super) fn announced_length<B: Body>(response: &Response<B>) -> Option<u64> {
    if response.body().size_hint().exact().is_some() {
        return None;
    }
    // Gone through, and not looked up: that would be to hash it.
    let mut headers = response.headers().iter();
    let (_, length) = headers.find(|(name, _)| **name == CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
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
                ..
            } = shard.kept().take(key);
            shard.stop_waiting(&mut wait);
            if let Some(otherwise) = otherwise {
                return otherwise.end(exit);
            }
        }
        Some(key) => shard.leave_body(key),
        None => {}
    }
    permit.exit_once(exit);
}
