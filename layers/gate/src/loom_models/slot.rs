//! Swap and close against requests: each enters exactly one generation.

use std::sync::Arc;
use std::task::Poll;

use loom::future::block_on;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::{bounded, join, unbounded};
use crate::slot::RawGeneration;
use crate::{Door, Gate, Generation, PluginState, Slot};

pub(super) fn generation(number: u64, shards: usize) -> Generation<()> {
    Generation::from_raw(Arc::new(RawGeneration {
        number,
        instance: Arc::new(()),
        gate: Gate::with_shards(shards),
    }))
}

pub(super) fn open_slot(shards: usize) -> Slot<()> {
    let slot = Slot::new("geo", PluginState::Loading);
    assert!(slot.open(generation(1, shards)).is_none());
    slot
}

/// Requests find either generation, never none, and never the old one once `open` returned.
fn request_during_a_swap_enters_exactly_one_generation(shards: usize) {
    let slot = open_slot(shards);
    let swapped = Arc::new(AtomicUsize::new(1));
    let requests = [(); 2].map(|()| {
        let (slot, swapped) = (slot.clone(), swapped.clone());
        thread::spawn(move || {
            let at_least = swapped.load(Ordering::Acquire);
            let lease = slot.enter().expect("a swap alone never rejects");
            assert!(lease.generation() >= at_least as u64);
            lease
        })
    });
    let old = slot
        .open(generation(2, shards))
        .expect("the first generation");
    swapped.store(2, Ordering::Release);
    let inside = join(requests);
    let in_old = inside
        .iter()
        .filter(|lease| lease.generation() == 1)
        .count();
    assert_eq!(old.gate().in_flight(), in_old);
    assert_eq!(slot.in_flight(), inside.len() - in_old);
    assert_eq!(old.gate().is_drained(), in_old == 0);
    drop(inside);
    assert!(old.gate().is_drained());
}

#[test]
fn request_during_a_swap_enters_exactly_one_generation_one_shard() {
    bounded(|| request_during_a_swap_enters_exactly_one_generation(1));
}

#[test]
fn request_during_a_swap_enters_exactly_one_generation_two_shards() {
    bounded(|| request_during_a_swap_enters_exactly_one_generation(2));
}

#[test]
fn door_that_remembers_a_generation_is_never_turned_away_by_swaps() {
    bounded(|| {
        let slot = open_slot(1);
        let mut door = Door::new(&slot);
        // From the second call on, the door remembers.
        drop(door.enter().expect("the slot is open"));
        drop(door.enter().expect("the slot is open"));
        let requests = thread::spawn(move || {
            let first = door.enter().expect("a swap alone never rejects");
            drop(first);
            door.enter().expect("a swap alone never rejects")
        });
        let one = slot.open(generation(2, 1)).expect("the first generation");
        let two = slot.open(generation(3, 1)).expect("the second generation");
        let last = requests.join().unwrap();
        let inside = [&one, &two].map(|old| old.gate().in_flight());
        assert_eq!(inside.iter().sum::<usize>() + slot.in_flight(), 1);
        drop(last);
        assert!(one.gate().is_drained() && two.gate().is_drained());
    });
}

#[test]
fn swap_drains_what_entered_the_old_generation() {
    unbounded(|| {
        let slot = open_slot(1);
        let request = {
            let slot = slot.clone();
            thread::spawn(move || drop(slot.enter().expect("a swap alone never rejects")))
        };
        let old = slot.open(generation(2, 1)).expect("the first generation");
        block_on(old.gate().drained());
        assert_eq!(old.gate().in_flight(), 0);
        request.join().unwrap();
    });
}

#[test]
fn request_between_close_and_open_is_served_or_told_the_state_that_was_set() {
    bounded(|| {
        let slot = open_slot(1);
        let request = {
            let slot = slot.clone();
            thread::spawn(move || match slot.enter() {
                Ok(lease) => assert!([1, 2].contains(&lease.generation())),
                Err(rejected) => assert_eq!(rejected.state(), PluginState::Disabled),
            })
        };
        let old = slot
            .close(PluginState::Disabled)
            .expect("the first generation");
        block_on(old.gate().drained());
        assert!(slot.open(generation(2, 1)).is_none());
        assert_eq!(slot.enter().expect("the slot is open").generation(), 2);
        request.join().unwrap();
    });
}

#[test]
fn closing_wakes_who_waits_for_a_service_that_is_not_ready() {
    unbounded(|| {
        let slot = open_slot(1);
        let waits = {
            let mut door = Door::new(&slot);
            thread::spawn(move || {
                let never = |_: &mut std::task::Context<'_>| Poll::<Result<(), ()>>::Pending;
                block_on(std::future::poll_fn(|cx| door.poll_ready(cx, never))).unwrap();
                let rejected = door.enter().expect_err("the service was not ready");
                assert_eq!(rejected.state(), PluginState::Reloading);
            })
        };
        slot.close(PluginState::Reloading);
        waits.join().unwrap();
    });
}

#[test]
fn of_two_who_swap_each_gets_a_generation_of_its_own_to_drain() {
    bounded(|| {
        let slot = open_slot(1);
        let other = {
            let slot = slot.clone();
            thread::spawn(move || slot.open(generation(2, 1)).expect("a generation").number())
        };
        let mine = slot.open(generation(3, 1)).expect("a generation").number();
        let mut numbers = [mine, other.join().unwrap()];
        numbers.sort_unstable();
        let last = slot.enter().expect("the slot is open").generation();
        assert!(matches!((numbers, last), ([1, 2], 3) | ([1, 3], 2)));
    });
}

#[test]
fn who_sees_a_new_version_sees_the_generation_that_came_with_it() {
    unbounded(|| {
        let slot = open_slot(1);
        let before = slot.version();
        let reader = {
            let slot = slot.clone();
            thread::spawn(move || {
                let changed = slot.version() != before;
                let number = slot.generation().expect("the slot is open").number();
                assert!(!changed || number == 2, "what is new by its version is old");
            })
        };
        slot.open(generation(2, 1));
        reader.join().unwrap();
    });
}
