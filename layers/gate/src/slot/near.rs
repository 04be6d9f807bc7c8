//! Where the calling thread last came in to a slot.
//!
//! Servers clone a service for each request, and a clone knows nothing yet. To look into a slot
//! takes several changes of shared words; to find again the shard that this thread's last request
//! was counted by takes none. What is remembered is a number and the address of a shard, for as
//! long as the slot's version stays: it keeps neither a gate nor an instance alive.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::gate::ShardRef;

/// How many slots a thread remembers at most: two that share a place take turns.
const PLACES: usize = 64;

/// Tells slots apart for as long as the process runs, as an address would not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SlotId(u64);

impl SlotId {
    pub(super) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // Relaxed: only its uniqueness matters.
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    #[inline]
    fn place(self) -> usize {
        self.0 as usize % PLACES
    }
}

#[derive(Clone)]
#[cfg_attr(not(tower_plugin_loom), derive(Copy))]
struct Near {
    slot: SlotId,
    version: u64,
    shard: ShardRef,
}

impl Near {
    #[inline]
    fn of(self, slot: SlotId, version: u64) -> Option<ShardRef> {
        (self.slot == slot && self.version == version).then_some(self.shard)
    }
}

#[cfg(not(tower_plugin_loom))]
mod real {
    use std::cell::Cell;

    use super::{Near, PLACES, ShardRef, SlotId};

    thread_local! {
        static NEAR: [Cell<Option<Near>>; PLACES] = const { [const { Cell::new(None) }; PLACES] };
    }

    /// The shard by which this thread came in at that version of the slot.
    #[inline]
    pub(in crate::slot) fn find(slot: SlotId, version: u64) -> Option<ShardRef> {
        NEAR.with(|near| near[slot.place()].get())?
            .of(slot, version)
    }

    pub(in crate::slot) fn remember(slot: SlotId, version: u64, shard: ShardRef) {
        let near = Near {
            slot,
            version,
            shard,
        };
        NEAR.with(|places| places[slot.place()].set(Some(near)));
    }
}

#[cfg(tower_plugin_loom)]
mod model {
    use std::cell::RefCell;

    use super::{Near, PLACES, ShardRef, SlotId};

    loom::thread_local! {
        static NEAR: RefCell<[Option<Near>; PLACES]> = RefCell::new([const { None }; PLACES]);
    }

    pub(in crate::slot) fn find(slot: SlotId, version: u64) -> Option<ShardRef> {
        NEAR.with(|near| near.borrow()[slot.place()].clone())?
            .of(slot, version)
    }

    pub(in crate::slot) fn remember(slot: SlotId, version: u64, shard: ShardRef) {
        let near = Near {
            slot,
            version,
            shard,
        };
        NEAR.with(|places| places.borrow_mut()[slot.place()] = Some(near));
    }
}

#[cfg(tower_plugin_loom)]
pub(super) use model::{find, remember};
#[cfg(not(tower_plugin_loom))]
pub(super) use real::{find, remember};
