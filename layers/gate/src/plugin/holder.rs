use std::fmt;

use crate::gate::{Exit, RawPermit, Shard};
use crate::{Lease, Permit, RequestPhase};

/// What keeps one request inside: a permit of its own, or a lease that it shares with the handler
/// of an upgrade.
///
/// Until a future takes it over, dropping it means that the call panicked.
pub struct Holder(Option<Held>);

/// One who was counted in. It is to be ended: dropping it would leave the count as it is.
///
/// No more than a tag and a pointer, and so handed on in registers.
pub(super) enum Held {
    Own(RawPermit),
    Shared(Lease),
}

impl From<Permit> for Holder {
    fn from(permit: Permit) -> Self {
        Self::new(permit.into_raw())
    }
}

impl From<Lease> for Holder {
    fn from(lease: Lease) -> Self {
        Self(Some(Held::Shared(lease)))
    }
}

impl From<Held> for Holder {
    fn from(held: Held) -> Self {
        Self(Some(held))
    }
}

impl Holder {
    /// Of one who was counted in.
    #[inline]
    pub(crate) fn new(permit: RawPermit) -> Self {
        Self(Some(Held::Own(permit)))
    }

    #[inline]
    pub(super) fn into_held(mut self) -> Option<Held> {
        self.0.take()
    }
}

impl Drop for Holder {
    #[inline]
    fn drop(&mut self) {
        if let Some(held) = self.0.take() {
            held.end(Exit::Panicked);
        }
    }
}

impl Held {
    #[inline]
    pub(super) fn shard(&self) -> &Shard {
        match self {
            Self::Own(permit) => permit.shard(),
            Self::Shared(lease) => lease.permit().shard(),
        }
    }

    #[inline]
    pub(super) fn end(self, exit: Exit) {
        match self {
            Self::Own(permit) => permit.exit(exit),
            // A lease that its handler holds too goes on, and is counted when it ends.
            Self::Shared(lease) => lease.end_request(exit),
        }
    }

    /// The response head is out.
    #[inline]
    pub(super) fn is_in_body(&self) {
        if let Self::Shared(lease) = self {
            lease.permit().is_in(RequestPhase::Body);
        }
    }
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cancelled = self.0.as_ref().map(|held| held.shard().is_cancelled());
        f.debug_struct("Holder")
            .field("cancelled", &cancelled)
            .finish_non_exhaustive()
    }
}
