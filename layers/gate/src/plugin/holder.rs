use std::fmt;
use std::sync::Arc;

use crate::gate::{Exit, Shard};
use crate::{Lease, Permit};

/// What keeps one request inside: a permit of its own, or a lease that it shares with the handler
/// of an upgrade.
///
/// Until a future takes it over, dropping it means that the call panicked.
pub struct Holder {
    /// The lease's, if there is one; else one that this holder was counted in on.
    shard: Arc<Shard>,
    lease: Option<Lease>,
    exit: Exit,
}

impl From<Permit> for Holder {
    fn from(permit: Permit) -> Self {
        Self::new(permit.into_shard())
    }
}

impl From<Lease> for Holder {
    fn from(lease: Lease) -> Self {
        Self {
            shard: Arc::clone(lease.permit().shard()),
            lease: Some(lease),
            exit: Exit::Panicked,
        }
    }
}

impl Holder {
    /// Of one who was counted in.
    #[inline]
    pub(crate) fn new(shard: Arc<Shard>) -> Self {
        Self {
            shard,
            lease: None,
            exit: Exit::Panicked,
        }
    }

    #[inline]
    pub(super) fn shard(&self) -> &Shard {
        &self.shard
    }

    /// How the request is to be counted when it is dropped.
    #[inline]
    pub(super) fn leaves(&mut self, exit: Exit) {
        self.exit = exit;
    }
}

impl Drop for Holder {
    #[inline]
    fn drop(&mut self) {
        if self.lease.is_none() {
            self.shard.exit(self.exit);
        } else {
            self.end_shared();
        }
    }
}

impl Holder {
    /// A lease that its handler holds too goes on, and is counted when it ends.
    #[cold]
    fn end_shared(&mut self) {
        if let Some(lease) = self.lease.take() {
            match self.exit {
                Exit::Panicked => lease.permit().leaves(Exit::Panicked),
                exit => lease.end(exit),
            }
        }
    }
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Holder")
            .field("cancelled", &self.shard.is_cancelled())
            .finish_non_exhaustive()
    }
}
