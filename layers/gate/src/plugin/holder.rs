use std::fmt;
use std::task::{Context, Poll};

use crate::gate::Wait;
use crate::{CancelledError, Lease, Permit};

/// What keeps one request inside: a permit of its own, or a lease that it shares with the handler
/// of an upgrade.
pub struct Holder(Kind);

enum Kind {
    Own(Permit),
    Shared(Lease, Wait),
}

impl From<Permit> for Holder {
    fn from(permit: Permit) -> Self {
        Self(Kind::Own(permit))
    }
}

impl From<Lease> for Holder {
    fn from(lease: Lease) -> Self {
        Self(Kind::Shared(lease, Wait::default()))
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
            Kind::Shared(lease, wait) => lease.permit().poll_cancelled_with(wait, cx),
        }
    }

    /// The request has run its course. A shared lease goes on for as long as it is held.
    pub(super) fn complete(mut self) {
        if let Kind::Own(permit) = &mut self.0 {
            permit.mark_completed();
        }
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        if let Kind::Shared(lease, wait) = &mut self.0 {
            lease.permit().leave(wait);
        }
    }
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.permit().fmt(f)
    }
}
