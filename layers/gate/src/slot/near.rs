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

/// The shard by which this thread came in at that version of the slot.
#[inline]
pub(super) fn find(slot: SlotId, version: u64) -> Option<ShardRef> {
    let near = places::get(slot.place())?;
    (near.slot == slot && near.version == version).then_some(near.shard)
}

pub(super) fn remember(slot: SlotId, version: u64, shard: ShardRef) {
    let near = Near {
        slot,
        version,
        shard,
    };
    places::set(slot.place(), near);
}

#[cfg(not(tower_plugin_loom))]
mod places {
    use std::cell::Cell;

    use super::{Near, PLACES};

    thread_local! {
        static NEAR: [Cell<Option<Near>>; PLACES] = const { [const { Cell::new(None) }; PLACES] };
    }

    #[inline]
    pub(super) fn get(place: usize) -> Option<Near> {
        NEAR.with(|near| near[place].get())
    }

    pub(super) fn set(place: usize, one: Near) {
        NEAR.with(|near| near[place].set(Some(one)));
    }
}

#[cfg(tower_plugin_loom)]
mod places {
    use std::cell::RefCell;

    use super::{Near, PLACES};

    loom::thread_local! {
        static NEAR: RefCell<[Option<Near>; PLACES]> = RefCell::new([const { None }; PLACES]);
    }

    pub(super) fn get(place: usize) -> Option<Near> {
        NEAR.with(|near| near.borrow()[place].clone())
    }

    pub(super) fn set(place: usize, one: Near) {
        NEAR.with(|near| near.borrow_mut()[place] = Some(one));
    }
}
