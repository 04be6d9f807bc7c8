use std::fmt;

use super::Answer;
use super::notes::Notes;
use crate::gate::{Exit, RawPermit, Shard, ShardRef};
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
    Otherwise(Box<Otherwise>),
}

/// The rarer ways to be inside. They are boxed, and what is done with them is not inlined: nobody
/// else is to feel that there are any.
pub(super) struct Otherwise {
    shard: ShardRef,
    by: By,
}

enum By {
    Lease(Lease),
    /// Of a plugin whose requests are tracked.
    Permit(Permit),
}

impl From<Permit> for Holder {
    fn from(permit: Permit) -> Self {
        if permit.is_tracked() {
            return By::Permit(permit).into();
        }
        Self::new(permit.into_raw())
    }
}

impl From<Lease> for Holder {
    fn from(lease: Lease) -> Self {
        By::Lease(lease).into()
    }
}

impl From<By> for Holder {
    fn from(by: By) -> Self {
        let shard = by.permit().shard_ref();
        Self(Some(Held::Otherwise(Box::new(Otherwise { shard, by }))))
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

    /// For a response future. Notes that the request is inside by a lease, if it is.
    #[inline]
    pub(super) fn into_parts(self, answer: Answer) -> (RawPermit, Notes) {
        match self.into_held() {
            Some(Held::Own(permit)) => (permit, answer.notes()),
            Some(Held::Otherwise(otherwise)) => keep(otherwise, answer.notes()),
            None => (RawPermit::nobody(), Notes::over()),
        }
    }

    #[inline]
    pub(super) fn into_held(mut self) -> Option<Held> {
        let held = self.0.take();
        // Nothing is left to drop, which the compiler does not always see.
        std::mem::forget(self);
        held
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
            Self::Otherwise(otherwise) => &otherwise.shard,
        }
    }

    #[inline]
    pub(super) fn end(self, exit: Exit) {
        match self {
            Self::Own(permit) => permit.exit(exit),
            Self::Otherwise(otherwise) => otherwise.end(exit),
        }
    }
}

impl By {
    fn permit(&self) -> &Permit {
        match self {
            Self::Lease(lease) => lease.permit(),
            Self::Permit(permit) => permit,
        }
    }
}

impl Otherwise {
    pub(super) fn is_in_body(&self) {
        self.by.permit().is_in(RequestPhase::Body);
    }

    #[cold]
    #[expect(clippy::boxed_local, reason = "so that the caller has nothing to drop")]
    pub(super) fn end(self: Box<Self>, exit: Exit) {
        match self.by {
            // A lease that its handler holds too goes on, and is counted when it ends.
            By::Lease(lease) => lease.end_request(exit),
            By::Permit(permit) => permit.leaves(exit),
        }
    }
}

/// The permit alone, for a response to carry; its shard keeps the rest.
#[cold]
fn keep(otherwise: Box<Otherwise>, notes: Notes) -> (RawPermit, Notes) {
    let permit = otherwise.by.permit().raw().handed_on();
    let key = permit.shard().kept().keep(otherwise);
    (permit, notes.kept(key))
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cancelled = self.0.as_ref().map(|held| held.shard().is_cancelled());
        f.debug_struct("Holder")
            .field("cancelled", &cancelled)
            .finish_non_exhaustive()
    }
}
