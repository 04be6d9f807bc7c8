use std::fmt;
use std::task::{Context, Poll};

use crate::gate::Listener;
use crate::{CancelledError, Lease, Permit};

/// What keeps one request inside: a permit of its own, or a lease that it shares with the handler
/// of an upgrade.
pub struct Holder(Kind);

enum Kind {
    Own(Permit),
    Shared(Lease, Listener),
}

impl From<Permit> for Holder {
    fn from(permit: Permit) -> Self {
        Self(Kind::Own(permit))
    }
}

impl From<Lease> for Holder {
    fn from(lease: Lease) -> Self {
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

    pub(super) fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            Kind::Own(permit) => permit.poll_cancelled(cx),
            Kind::Shared(_, listener) => listener.poll_cancelled(cx),
        }
    }

    /// The request has run its course. A lease that its handler holds too goes on.
    pub(super) fn complete(self) {
        match self.0 {
            Kind::Own(permit) => permit.complete(),
            Kind::Shared(lease, _) => lease.complete(),
        }
    }
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.permit().fmt(f)
    }
}
