//! Where shards come from, and go back to.

use std::ops::Deref;
use std::sync::Arc;

use super::{Drain, Shard};
use crate::sync::{Mutex, lock};

/// A shard, for as long as the process runs: so that a request need not count for keeping it
/// alive. Who may touch it is said by its word alone.
#[derive(Debug, Clone)]
#[cfg_attr(not(tower_plugin_loom), derive(Copy))]
pub(crate) struct ShardRef(Forever);

#[cfg(not(tower_plugin_loom))]
type Forever = &'static Shard;
/// Loom runs a model many thousand times: there, nothing lives on.
#[cfg(tower_plugin_loom)]
type Forever = Arc<Shard>;

impl ShardRef {
    fn new(pool: &'static Pool) -> Self {
        let shard = Shard::new(pool);
        #[cfg(not(tower_plugin_loom))]
        let shard = Box::leak(Box::new(shard));
        #[cfg(tower_plugin_loom)]
        let shard = Arc::new(shard);
        Self(shard)
    }
}

impl ShardRef {
    /// One that is never a part of a gate.
    pub(super) fn nobody() -> Self {
        #[cfg(not(tower_plugin_loom))]
        {
            static NOBODY: std::sync::OnceLock<ShardRef> = std::sync::OnceLock::new();
            NOBODY.get_or_init(|| Self::new(Pool::global())).clone()
        }
        #[cfg(tower_plugin_loom)]
        Self::new(Pool::global())
    }
}

impl Deref for ShardRef {
    type Target = Shard;

    #[inline]
    #[allow(clippy::needless_borrow, reason = "it is an `Arc` under loom")]
    fn deref(&self) -> &Shard {
        &self.0
    }
}

/// The shards that belong to no gate.
#[derive(Debug)]
pub(crate) struct Pool {
    free: Mutex<Vec<ShardRef>>,
}

#[cfg(not(tower_plugin_loom))]
static POOL: Pool = Pool::new();

#[cfg(tower_plugin_loom)]
loom::lazy_static! {
    static ref POOL: Pool = Pool::new();
}

impl Pool {
    #[cfg(not(tower_plugin_loom))]
    const fn new() -> Self {
        let free = Mutex::new(Vec::new());
        Self { free }
    }

    #[cfg(tower_plugin_loom)]
    fn new() -> Self {
        let free = Mutex::new(Vec::new());
        Self { free }
    }

    /// That of the process.
    pub(crate) fn global() -> &'static Self {
        &POOL
    }

    /// So many shards for a new gate: those that were given back first, then new ones.
    pub(super) fn take(&'static self, shards: usize, drain: &Arc<Drain>) -> Box<[ShardRef]> {
        let mut taken = {
            let mut free = lock(&self.free);
            let kept = free.len().saturating_sub(shards);
            free.split_off(kept)
        };
        taken.resize_with(shards, || ShardRef::new(self));
        for shard in &taken {
            shard.open(Arc::clone(drain));
        }
        taken.into_boxed_slice()
    }

    /// Takes back a shard that nobody will touch any more.
    pub(super) fn give_back(&self, shard: ShardRef) {
        shard.reset();
        lock(&self.free).push(shard);
    }
}

#[cfg(test)]
impl Pool {
    /// One of a test's own.
    #[cfg(not(tower_plugin_loom))]
    pub(crate) fn leaked() -> &'static Self {
        Box::leak(Box::new(Self::new()))
    }

    /// How many shards are to be had.
    pub(crate) fn free(&self) -> usize {
        lock(&self.free).len()
    }
}
