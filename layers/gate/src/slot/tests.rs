use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::testing::open_slot;
use crate::{Door, Generation, PluginState, Slot};

#[test]
fn slot_rejects_with_the_state_it_was_given_last() {
    let slot: Slot<()> = Slot::new("geo", PluginState::Loading);
    for state in PluginState::ALL {
        assert!(slot.close(state).is_none());
        let rejected = slot.enter().expect_err("the slot is empty");
        assert_eq!((rejected.plugin(), rejected.state()), ("geo", state));
        assert_eq!(rejected.is_transient(), state.is_transition());
    }
}

#[test]
fn swap_closes_the_old_gate_and_keeps_who_is_inside() {
    let (slot, gate) = open_slot();
    let lease = slot.enter().expect("the slot is open");
    let version = slot.version();
    let old = slot
        .open(Generation::new(2, ()))
        .expect("the first generation");
    assert_ne!(slot.version(), version);
    assert_eq!((lease.generation(), old.number()), (1, 1));
    assert!(gate.is_closed());
    assert_eq!((gate.in_flight(), slot.in_flight()), (1, 0));
    assert_eq!(slot.enter().expect("the slot is open").generation(), 2);
    drop(lease);
    assert!(old.gate().is_drained());
}

#[test]
fn opening_a_slot_with_what_is_in_it_changes_nothing() {
    let (slot, gate) = open_slot();
    let same = slot.generation().expect("the slot is open");
    assert!(slot.open(same).is_none());
    assert!(!gate.is_closed());
    assert!(slot.enter().is_ok());
}

#[test]
fn gate_that_was_closed_past_its_slot_rejects_as_unloading() {
    let (slot, gate) = open_slot();
    gate.close();
    let rejected = slot.enter().expect_err("the gate is closed");
    assert_eq!(rejected.state(), PluginState::Unloading);
    // A generation of the same number is another one all the same.
    slot.open(Generation::new(1, ()));
    assert!(slot.enter().is_ok());
}

#[test]
fn earlier_instance_can_be_gone_back_to_in_a_generation_of_its_own() {
    let slot = Slot::new("geo", PluginState::Loading);
    slot.open(Generation::new(1, "one"));
    let old = slot
        .open(Generation::new(2, "two"))
        .expect("the first generation");
    slot.open(Generation::from_arc(3, old.instance_arc()));
    let lease = slot.enter().expect("the slot is open");
    assert_eq!((lease.generation(), *lease.instance()), (3, "one"));
}

#[test]
fn drained_generation_that_is_put_back_is_counted_once() {
    let slot = Slot::new("geo", PluginState::Loading);
    let first = Generation::new(1, ());
    slot.open(first.clone());
    slot.enter().expect("the slot is open").complete();
    slot.open(Generation::new(2, ()));
    slot.open(first);
    let counters = slot.counters();
    assert_eq!((counters.admitted, counters.completed), (1, 1));
}

#[test]
fn lease_keeps_the_instance_alive() {
    let slot = Slot::new("geo", PluginState::Loading);
    let instance = Arc::new(7);
    slot.open(Generation::from_arc(1, instance.clone()));
    let lease = slot.enter().expect("the slot is open");
    let clone = lease.clone();
    drop(slot.close(PluginState::Disabled));
    drop(lease);
    assert_eq!(Arc::strong_count(&instance), 2);
    assert_eq!(clone.instance(), &7);
    drop(clone);
    assert_eq!(Arc::strong_count(&instance), 1);
}

#[test]
fn idle_door_keeps_no_instance_alive_that_was_replaced() {
    let slot = Slot::new("geo", PluginState::Loading);
    let instance = Arc::new(7);
    slot.open(Generation::from_arc(1, instance.clone()));
    let mut door = Door::new(&slot);
    for _ in 0..3 {
        drop(door.enter().expect("the slot is open"));
    }
    drop(slot.open(Generation::new(2, 8)));
    assert_eq!(Arc::strong_count(&instance), 1);
    assert!(door.enter().is_ok());
}

#[test]
fn door_that_remembers_a_gate_follows_the_slot() {
    let (slot, _) = open_slot();
    let mut door = Door::new(&slot);
    for number in 2..5 {
        for _ in 0..3 {
            drop(door.enter().expect("the slot is open"));
        }
        slot.open(Generation::new(number, ()));
        let permit = door.enter().expect("a swap alone never rejects");
        assert_eq!(slot.in_flight(), 1, "inside the newest generation");
        drop(permit);
    }
    slot.close(PluginState::Failed);
    let rejected = door.enter().expect_err("the slot is empty");
    assert_eq!(rejected.state(), PluginState::Failed);
}

#[test]
fn door_lets_in_again_where_it_has_turned_away() {
    let (slot, _) = open_slot();
    let mut door = Door::new(&slot);
    for number in 2..5 {
        slot.close(PluginState::Disabled);
        for _ in 0..2 {
            let rejected = door.enter().expect_err("the slot is empty");
            assert_eq!(rejected.state(), PluginState::Disabled);
        }
        slot.open(Generation::new(number, ()));
        for _ in 0..2 {
            drop(door.enter().expect("the slot is open"));
            assert!(!door.was_closed(), "and knows of it no more");
        }
    }
}

/// Shards go from one slot's gates to the other's all the time, and threads remember them.
#[test]
fn every_request_is_counted_by_the_slot_it_was_for() {
    const REQUESTS: u64 = 200_000;
    let slots: [_; 3] = std::array::from_fn(|_| open_slot().0);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let requests = || {
            for number in 0..REQUESTS as usize {
                let slot = &slots[number % slots.len()];
                let permit = Door::new(slot).enter().expect("a swap alone never rejects");
                permit.complete();
            }
        };
        let threads = [(); 2].map(|()| scope.spawn(requests));
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                for slot in &slots {
                    slot.open(Generation::new(2, ()));
                    // Lets go of those that are drained.
                    let _ = slot.counters();
                }
            }
        });
        for thread in threads {
            thread.join().expect("nobody panics");
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let counted = slots.each_ref().map(Slot::counters);
    let completed: u64 = counted.iter().map(|counters| counters.completed).sum();
    assert_eq!(completed, 2 * REQUESTS);
    for (slot, counters) in slots.iter().zip(counted) {
        assert_eq!(slot.in_flight(), 0);
        assert_eq!(counters.admitted, counters.completed);
        assert!(
            counters.completed.abs_diff(2 * REQUESTS / 3) < 2,
            "{counters:?}"
        );
    }
}

#[test]
fn debug_shows_what_the_slot_holds() {
    let (slot, _) = open_slot();
    let shown = format!("{slot:?}");
    assert!(
        shown.contains(r#"plugin: "geo""#) && shown.contains("number: 1"),
        "{shown}"
    );
}
