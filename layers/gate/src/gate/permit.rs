use std::fmt;
use std::task::{Context, Poll};

use http::Request;

use super::pool::ShardRef;
use super::{Cancelled, CancelledError, Exit, ExitCell, RawPermit, Shard, Wait};
use crate::RequestPhase;
use crate::track::{Entry, PhaseCell, RequestLine};

/// Proof of admission through a [`Gate`](super::Gate): who holds it is inside until it drops.
///
/// ```
/// use tower_plugin_gate::Gate;
///
/// let gate = Gate::new();
/// let permit = gate.enter().expect("a new gate is open");
/// assert_eq!(gate.in_flight(), 1);
/// drop(permit);
/// assert_eq!(gate.in_flight(), 0);
/// ```
#[must_use = "the request is inside only while the permit lives"]
pub struct Permit {
    /// Taken by `into_raw` and when it drops.
    raw: Option<RawPermit>,
    wait: Wait,
    exit: ExitCell,
    phase: PhaseCell,
    entry: Option<Entry>,
}

impl Permit {
    /// Of one who was counted in.
    pub(crate) fn new(raw: RawPermit) -> Self {
        Self {
            raw: Some(raw),
            wait: Wait::default(),
            exit: ExitCell::new(Exit::Dropped),
            phase: PhaseCell::new(RequestPhase::Head),
            entry: None,
        }
    }

    /// With an entry in the list of those inside.
    #[cold]
    pub(crate) fn tracked(mut self, entry: Entry) -> Self {
        self.entry = Some(entry);
        self
    }

    #[inline]
    pub(crate) fn is_tracked(&self) -> bool {
        self.entry.is_some()
    }

    /// Says which request it is for, to whoever asks who is inside.
    pub(crate) fn describe<R>(&self, request: &Request<R>) {
        if let Some(entry) = &self.entry {
            entry.describe(RequestLine::of(request));
        }
    }

    pub(crate) fn raw(&self) -> &RawPermit {
        self.raw.as_ref().expect("taken with the permit itself")
    }

    pub(crate) fn shard(&self) -> &Shard {
        self.raw().shard()
    }

    pub(crate) fn shard_ref(&self) -> ShardRef {
        self.raw().shard_ref()
    }

    pub(crate) fn into_raw(mut self) -> RawPermit {
        self.is_in(RequestPhase::Head);
        let raw = self.raw.take().expect("taken with the permit itself");
        raw.shard().stop_waiting(&mut self.wait);
        raw
    }

    /// Leaves, having finished its work: it is not counted as cancelled even if the gate was
    /// cancelled meanwhile. Dropping the permit leaves too, without that claim.
    pub fn complete(self) {
        self.leaves(Exit::Completed);
    }

    /// Leaves, having failed: as [`complete`](Self::complete), but counted as failed.
    pub fn fail(self) {
        self.leaves(Exit::Failed);
    }

    /// How it is to be counted when it drops.
    pub(crate) fn leaves(&self, exit: Exit) {
        self.exit.set(exit);
    }

    /// How far who holds it has got.
    pub(crate) fn is_in(&self, phase: RequestPhase) {
        let before = self.phase.swap(phase);
        if before != phase {
            self.shard().moved(before, phase);
            if let Some(entry) = &self.entry {
                entry.is_in(phase);
            }
        }
    }

    /// Whether the gate was cancelled, that is, whether the drain's deadline has passed.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.shard().is_cancelled()
    }

    /// What to end the request with once it is cancelled.
    #[must_use]
    pub fn cancelled_error(&self) -> CancelledError {
        self.shard().drain().cancelled_error()
    }

    /// Resolves once the gate is cancelled. Cancel safe.
    pub fn cancelled(&self) -> Cancelled<'_> {
        Cancelled::new(self.shard())
    }

    /// As polling [`cancelled`](Self::cancelled), for futures that own the permit.
    ///
    /// The first call that returns `Pending` registers the task; later calls from the same task
    /// only read a flag.
    pub fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &self.raw {
            Some(raw)
                if !raw
                    .shard()
                    .poll_cancelled(RequestPhase::Head, &mut self.wait, cx) =>
            {
                Poll::Pending
            }
            _ => Poll::Ready(()),
        }
    }
}

/// A second permit through the same door, which the gate counts by itself. It is granted even
/// when the gate has been closed meanwhile: the first permit holds the door.
impl Clone for Permit {
    fn clone(&self) -> Self {
        let clone = Self::new(self.raw().enter_again());
        match &self.entry {
            None => clone,
            Some(entry) => clone.tracked(entry.beside()),
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(raw) = self.raw.take() {
            let shard = raw.shard();
            shard.stop_waiting(&mut self.wait);
            if self.phase.get() == RequestPhase::Upgraded {
                shard.moved(RequestPhase::Upgraded, RequestPhase::Head);
            }
            drop(self.entry.take());
            raw.exit(self.exit.get());
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("cancelled", &self.is_cancelled())
            .finish_non_exhaustive()
    }
}
