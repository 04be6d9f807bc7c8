use std::fmt;
use std::task::{Context, Poll};

use crate::gate::{Exit, Listener};
use crate::{CancelledError, Lease, PanickedError, Permit};

/// What keeps one request inside: a permit of its own, or a lease that it shares with the handler
/// of an upgrade.
pub struct Holder(Kind);

enum Kind {
    Own(Permit),
    Shared(Lease, Listener),
}

/// Until a future takes it over, dropping it means that the call panicked.
impl From<Permit> for Holder {
    fn from(permit: Permit) -> Self {
        permit.leaves(Exit::Panicked);
        Self(Kind::Own(permit))
    }
}

/// Until a future takes it over, dropping it means that the call panicked.
impl From<Lease> for Holder {
    fn from(lease: Lease) -> Self {
        lease.permit().leaves(Exit::Panicked);
        let listener = lease.permit().listener();
        Self(Kind::Shared(lease, listener))
    }
}

impl Holder {
    fn permit(&self) -> &Permit {
        match &self.0 {
            Kind::Own(permit) => permit,
            Kind::Shared(lease, _) => lease.permit(),
        }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.permit().is_cancelled()
    }

    pub(super) fn cancelled_error(&self) -> CancelledError {
        self.permit().cancelled_error()
    }

    pub(super) fn panicked_error(&self) -> PanickedError {
        self.permit().panicked_error()
    }

    pub(super) fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            Kind::Own(permit) => permit.poll_cancelled(cx),
            Kind::Shared(_, listener) => listener.poll_cancelled(cx),
        }
    }

    /// How the request is to be counted when it is dropped.
    pub(super) fn leaves(&self, exit: Exit) {
        self.permit().leaves(exit);
    }

    /// The request has run its course, well or not. A lease that its handler holds too goes on,
    /// and is counted when it ends.
    pub(super) fn end(self, exit: Exit) {
        match self.0 {
            Kind::Own(permit) => permit.leaves(exit),
            Kind::Shared(lease, _) => lease.end(exit),
        }
    }
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.permit().fmt(f)
    }
}
