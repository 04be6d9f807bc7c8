//! Two generations at once, and what ends that, against requests: each enters exactly one.

use std::sync::Arc;

use loom::thread;

use super::slot::generation;
use super::{bounded, join, unbounded};
use crate::{Door, Generation, PluginState, Share, Slot};

fn half() -> Share {
    Share::new(50).expect("a part")
}

/// A slot of generation 1, split with generation 2.
fn split() -> (Slot<()>, [Generation<()>; 2]) {
    let slot = Slot::new("geo", PluginState::Loading);
    let both = [generation(1, 1), generation(2, 1)];
    slot.open(both[0].clone());
    assert!(slot.split(both[1].clone(), half()));
    (slot, both)
}

fn in_flight(generations: &[Generation<()>]) -> usize {
    generations
        .iter()
        .map(|generation| generation.gate().in_flight())
        .sum()
}

/// Two requests during `change`, each of which must find a generation.
fn requests_during(change: impl Fn(&Slot<()>, &[Generation<()>; 2]) + Send + Sync + 'static) {
    let change = Arc::new(change);
    bounded(move || {
        let (slot, both) = split();
        let requests = [(); 2].map(|()| {
            let slot = slot.clone();
            thread::spawn(move || slot.enter().expect("no trial ever rejects"))
        });
        change(&slot, &both);
        let inside = join(requests);
        assert_eq!(in_flight(&both), inside.len(), "each is inside once");
        for lease in &inside {
            assert!(both.iter().any(|generation| lease.is_on(generation)));
        }
        drop(inside);
        assert_eq!(in_flight(&both), 0);
    });
}

#[test]
fn request_during_a_promotion_enters_exactly_one_generation() {
    requests_during(|slot, [stable, trial]| {
        let closed = slot.open(trial.clone()).expect("the stable one");
        assert!(closed.is_same(stable));
        assert!(stable.gate().enter().is_none());
    });
}

#[test]
fn request_during_an_abortion_enters_exactly_one_generation() {
    requests_during(|slot, [stable, trial]| {
        let closed = slot.open(stable.clone()).expect("the one on trial");
        assert!(closed.is_same(trial));
        assert!(trial.gate().enter().is_none());
    });
}

#[test]
fn request_while_a_trial_begins_enters_exactly_one_generation() {
    unbounded(|| {
        let slot = Slot::new("geo", PluginState::Loading);
        let (stable, trial) = (generation(1, 1), generation(2, 1));
        slot.open(stable.clone());
        let requests = {
            let slot = slot.clone();
            thread::spawn(move || [(); 2].map(|()| slot.enter().expect("the slot is open")))
        };
        assert!(slot.split(trial.clone(), half()));
        let inside = requests.join().unwrap();
        assert_eq!(in_flight(&[stable, trial]), 2);
        drop(inside);
    });
}

#[test]
fn door_that_remembers_the_stable_generation_is_never_turned_away_by_a_trial() {
    bounded(|| {
        let slot = Slot::new("geo", PluginState::Loading);
        let (stable, trial) = (generation(1, 1), generation(2, 1));
        slot.open(stable.clone());
        let mut door = Door::new(&slot);
        drop(door.enter().expect("the slot is open"));
        drop(door.enter().expect("the slot is open"));
        let requests = thread::spawn(move || {
            drop(door.enter().expect("no trial ever rejects"));
            door.enter().expect("no trial ever rejects")
        });
        assert!(slot.split(trial.clone(), half()));
        slot.open(trial.clone());
        let last = requests.join().unwrap();
        assert_eq!(in_flight(&[stable.clone(), trial.clone()]), 1);
        drop(last);
        assert!(stable.gate().is_drained());
    });
}

#[test]
fn request_while_a_kept_generation_is_opened_again_enters_exactly_one() {
    bounded(|| {
        let slot = Slot::new("geo", PluginState::Loading);
        let (old, new) = (generation(1, 1), generation(2, 1));
        slot.open(old.clone());
        let requests = [(); 2].map(|()| {
            let slot = slot.clone();
            thread::spawn(move || slot.enter().expect("no swap ever rejects"))
        });
        let kept = slot.open_keeping(new.clone()).expect("the old one");
        slot.open(kept);
        let inside = join(requests);
        assert_eq!(in_flight(&[old.clone(), new.clone()]), 2);
        drop(inside);
        assert!(new.gate().is_drained());
        assert!(!old.gate().is_closed());
    });
}

#[test]
fn of_a_share_and_a_disabled_slot_nobody_is_left_in_an_open_gate() {
    bounded(|| {
        let (slot, both) = split();
        let other = {
            let (slot, trial) = (slot.clone(), both[1].clone());
            thread::spawn(move || slot.split(trial, half()))
        };
        slot.close(PluginState::Disabled);
        // It changed the share before the slot was closed, or found nothing to share with.
        other.join().unwrap();
        assert!(both.iter().all(|generation| generation.gate().is_closed()));
        assert!(slot.enter().is_err());
    });
}
