use super::pool::ShardRef;
use super::{Exit, Shard};

/// One who was counted in, and nothing else: no more than a pointer, so handed on in a register.
///
/// It has to be [ended](Self::exit): dropping it would leave the count as it is. Since its shard
/// stays with the gate until everybody has left, nothing else needs to keep that alive.
#[derive(Debug)]
#[must_use = "who was counted in has to be counted out"]
pub(crate) struct RawPermit {
    shard: ShardRef,
}

impl RawPermit {
    /// Goes in, or `None` where the shard is closed.
    #[inline]
    pub(super) fn enter(shard: &ShardRef) -> Option<Self> {
        // Once it is in, the shard cannot go.
        shard.enter().then(|| Self {
            shard: shard.clone(),
        })
    }

    /// Goes in by a shard of a gate that may be gone, and stays if it is still the right one.
    ///
    /// The shard may have been closed, given back and made a part of another gate meanwhile, which
    /// then counts one inside for a moment. `is_right` is asked by who is inside; it has to say no
    /// as soon as an Acquire load sees something that was changed by Release before the gate was
    /// closed: to come in is to see that.
    #[inline]
    pub(crate) fn enter_if(shard: &ShardRef, is_right: impl FnOnce() -> bool) -> Option<Self> {
        let permit = Self::enter(shard)?;
        if is_right() {
            return Some(permit);
        }
        permit.withdraw();
        None
    }

    #[cold]
    fn withdraw(self) {
        Shard::withdraw(&self.shard);
    }

    /// One that nobody was counted in by, and that is not to be ended.
    pub(crate) fn nobody() -> Self {
        Self {
            shard: ShardRef::nobody(),
        }
    }

    /// A second one beside it, which is granted even where the shard has been closed meanwhile.
    pub(super) fn enter_again(&self) -> Self {
        self.shard.enter_again();
        Self {
            shard: self.shard.clone(),
        }
    }

    #[inline]
    pub(crate) fn shard(&self) -> &Shard {
        &self.shard
    }

    /// The shard, to be touched for no longer than this is inside.
    pub(crate) fn shard_ref(&self) -> ShardRef {
        self.shard.clone()
    }

    /// The same permit, for whoever goes on with the request: one of the two is to be ended.
    #[inline]
    pub(crate) fn handed_on(&self) -> Self {
        Self {
            shard: self.shard.clone(),
        }
    }

    /// Leaves, for somebody who cannot give the permit away, and who remembers that it is ended.
    #[inline]
    pub(crate) fn exit_once(&self, exit: Exit) {
        Shard::exit(&self.shard, exit);
    }

    /// Leaves, in the way said.
    #[inline]
    pub(crate) fn exit(self, exit: Exit) {
        Shard::exit(&self.shard, exit);
    }
}
