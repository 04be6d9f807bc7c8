//! Two generations at once, poll by poll.

use std::time::Duration;

use http::{Request, Response};
use tokio_test::{assert_pending, assert_ready_ok, task};
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::{
    Door, Gate, Generation, OnClosed, PluginLayer, PluginSet, PluginState, SelectLayer, Share,
    Slot, select_fn,
};

fn share(percent: u8) -> Share {
    Share::new(percent).expect("a part")
}

/// A slot of generation 1 that gives a share to generation 2, and both.
fn split(percent: u8) -> (Slot<()>, Generation<()>, Generation<()>) {
    let slot = Slot::new("geo", PluginState::Loading);
    let (stable, trial) = (Generation::new(1, ()), Generation::new(2, ()));
    slot.open(stable.clone());
    assert!(slot.split(trial.clone(), share(percent)));
    (slot, stable, trial)
}

fn admitted(generation: &Generation<()>) -> u64 {
    generation.gate().counters().admitted
}

#[test]
fn each_hundred_holds_exactly_the_share() {
    for percent in [1, 3, 10, 33, 50, 67, 99] {
        let (slot, ..) = split(percent);
        let numbers: Vec<_> = (0..400)
            .map(|_| slot.enter().expect("the slot is open").generation())
            .collect();
        for hundred in numbers.chunks(100) {
            let on_trial = hundred.iter().filter(|number| **number == 2).count();
            assert_eq!(on_trial, usize::from(percent));
        }
    }
}

#[test]
fn share_is_about_the_same_over_all_threads() {
    let (slot, stable, trial) = split(10);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..1_000 {
                    drop(slot.enter().expect("the slot is open"));
                }
            });
        }
    });
    assert!(
        (780..=820).contains(&admitted(&trial)),
        "{}",
        admitted(&trial)
    );
    assert_eq!(admitted(&stable) + admitted(&trial), 8_000);
    assert_eq!(slot.counters().admitted, 8_000);
}

#[test]
fn every_way_in_chooses() {
    type Enter = Box<dyn FnMut()>;
    let ways: [fn(&Slot<()>) -> Enter; 6] = [
        |slot| {
            let slot = slot.clone();
            Box::new(move || drop(slot.enter().expect("the slot is open")))
        },
        |slot| {
            let mut door = Door::new(slot);
            Box::new(move || drop(door.enter().expect("the slot is open")))
        },
        |slot| {
            let mut door = Door::new(slot);
            Box::new(move || drop(door.lease().expect("the slot is open")))
        },
        |slot| {
            let inner =
                service_fn(async |_: Request<()>| Ok::<_, ()>(Response::new(String::new())));
            let mut service = PluginLayer::new(slot).layer(inner);
            Box::new(move || {
                assert_ready_ok!(task::spawn(service.call(Request::new(()))).poll());
            })
        },
        |slot| {
            let inner =
                service_fn(async |_: Request<()>| Ok::<_, ()>(Response::new(String::new())));
            let service = PluginLayer::new(slot).layer(inner);
            Box::new(move || {
                let connect = Request::connect("example.org:443").body(()).expect("valid");
                assert_ready_ok!(task::spawn(service.clone().oneshot(connect)).poll());
            })
        },
        |slot| {
            let inner =
                service_fn(async |_: Request<()>| Ok::<_, ()>(Response::new(String::new())));
            let layer = SelectLayer::new(
                select_fn(|_: &Request<()>| Some("geo")),
                PluginSet::new().with(slot),
            );
            let mut service = layer.layer(inner);
            Box::new(move || {
                let request = Request::get("/geo/x").body(()).expect("valid");
                assert_ready_ok!(task::spawn(service.call(request)).poll());
            })
        },
    ];
    for (way, enter) in ways.iter().enumerate() {
        let (slot, stable, trial) = split(20);
        let mut enter = enter(&slot);
        for _ in 0..100 {
            enter();
        }
        let each = (admitted(&stable), admitted(&trial));
        assert_eq!(each, (80, 20), "way {way}");
    }
}

#[test]
fn used_door_goes_with_a_split_when_it_comes_and_when_it_ends() {
    let slot = Slot::new("geo", PluginState::Loading);
    let (stable, trial) = (Generation::new(1, ()), Generation::new(2, ()));
    slot.open(stable.clone());
    let mut door = Door::new(&slot);
    let mut hundred = || {
        let before = admitted(&trial);
        for _ in 0..100 {
            drop(door.enter().expect("the slot is open"));
        }
        admitted(&trial) - before
    };
    assert_eq!(hundred(), 0);
    assert!(slot.split(trial.clone(), share(30)));
    assert_eq!(hundred(), 30);
    slot.open(trial.clone());
    assert_eq!(hundred(), 100);
    assert!(stable.gate().is_closed());
}

#[test]
fn promotion_closes_the_stable_one_and_abortion_that_on_trial() {
    let (slot, stable, trial) = split(50);
    let closed = slot.open(trial.clone()).expect("the other one");
    assert!(closed.is_same(&stable) && stable.gate().is_closed());
    assert!(!trial.gate().is_closed() && !slot.is_split());

    let (slot, stable, trial) = split(50);
    let closed = slot.open(stable.clone()).expect("the other one");
    assert!(closed.is_same(&trial) && trial.gate().is_closed());
    assert!(!stable.gate().is_closed() && !slot.is_split());
}

#[test]
fn closing_and_opening_a_third_end_both() {
    let (slot, stable, trial) = split(50);
    let inside = [(); 100].map(|()| slot.enter().expect("the slot is open"));
    assert_eq!(slot.in_flight(), 100);
    assert!(
        slot.close(PluginState::Disabled)
            .is_some_and(|first| first.is_same(&stable))
    );
    assert!(stable.gate().is_closed() && trial.gate().is_closed());
    assert_eq!(
        (stable.gate().in_flight(), trial.gate().in_flight()),
        (50, 50)
    );
    drop(inside);
    assert!(stable.gate().is_drained() && trial.gate().is_drained());

    let (slot, stable, trial) = split(50);
    slot.open(Generation::new(3, ()));
    assert!(stable.gate().is_closed() && trial.gate().is_closed());
    assert_eq!(slot.enter().expect("the slot is open").generation(), 3);

    // Of two, one can be kept.
    let (slot, stable, trial) = split(50);
    let kept = slot.open_keeping(Generation::new(3, ()));
    assert!(kept.is_some_and(|kept| kept.is_same(&stable)));
    assert!(!stable.gate().is_closed() && trial.gate().is_drained());
    assert!(slot.retire(&stable, PluginState::Reloading));
}

#[test]
fn splitting_again_changes_the_share_or_takes_the_place_of_the_first() {
    let (slot, stable, trial) = split(10);
    assert!(slot.split(trial.clone(), share(60)));
    assert_eq!(slot.on_trial().map(|(_, share)| share.percent()), Some(60));
    for _ in 0..100 {
        drop(slot.enter().expect("the slot is open"));
    }
    assert_eq!(admitted(&trial), 60);

    assert!(slot.split(Generation::new(3, ()), share(10)));
    assert!(trial.gate().is_closed() && !stable.gate().is_closed());
    assert_eq!(slot.on_trial().map(|(trial, _)| trial.number()), Some(3));
}

#[test]
fn there_is_no_split_with_nothing_nor_with_itself() {
    let slot = Slot::new("geo", PluginState::Disabled);
    let version = slot.version();
    assert!(!slot.split(Generation::new(1, ()), share(10)));
    assert_eq!((slot.version(), slot.is_split()), (version, false));

    let only = Generation::new(1, ());
    slot.open(only.clone());
    assert!(!slot.split(only, share(10)));
    assert!(!slot.is_split());
}

#[test]
fn kept_generation_serves_again_at_once_or_is_retired() {
    let slot = Slot::new("geo", PluginState::Loading);
    let (old, new) = (Generation::new(1, ()), Generation::new(2, ()));
    slot.open(old.clone());
    let inside = slot.enter().expect("the slot is open");
    assert!(
        slot.open_keeping(new.clone())
            .is_some_and(|kept| kept.is_same(&old))
    );
    assert!(!old.gate().is_closed());
    assert_eq!(slot.enter().expect("the slot is open").generation(), 2);
    assert!(
        !slot.retire(&new, PluginState::Reloading),
        "it is the current one"
    );

    assert!(
        slot.open(old.clone())
            .is_some_and(|closed| closed.is_same(&new))
    );
    assert_eq!(slot.enter().expect("the slot is open").generation(), 1);
    assert!(!inside.is_cancelled());

    let next = Generation::new(3, ());
    let _ = slot.open_keeping(next);
    assert!(slot.retire(&old, PluginState::Reloading));
    assert!(old.gate().is_closed() && !old.gate().is_drained());
    drop(inside);
    assert!(old.gate().is_drained());
    assert_eq!(slot.counters().admitted, 3, "each counted once");
}

#[tokio::test(start_paused = true)]
async fn those_who_are_held_enter_the_generation_that_is_opened() {
    let slot = Slot::new("geo", PluginState::Reloading);
    let hold = OnClosed::Hold {
        max_wait: Duration::from_secs(5),
        max_held: 10,
    };
    let inner = service_fn(async |_: Request<()>| Ok::<_, ()>(Response::new(String::new())));
    let service = PluginLayer::new(&slot).on_closed(hold).layer(inner);
    let mut held = task::spawn(service.clone().oneshot(Request::new(())));
    assert_pending!(held.poll());
    let stable = Generation::new(1, ());
    slot.open(stable.clone());
    assert!(slot.split(Generation::new(2, ()), share(99)));
    assert!(held.is_woken());
    assert_ready_ok!(held.poll());
    assert_eq!(admitted(&stable), 1);

    // And one that comes now is not held at all.
    let mut late = task::spawn(service.oneshot(Request::new(())));
    assert_ready_ok!(late.poll());
    assert_eq!(slot.counters().admitted, 2);
}

#[test]
fn gate_of_each_counts_what_became_of_its_own() {
    let (slot, stable, trial) = split(50);
    for _ in 0..100 {
        let lease = slot.enter().expect("the slot is open");
        let gate: &Gate = if lease.generation() == 1 {
            stable.gate()
        } else {
            trial.gate()
        };
        let before = gate.counters().completed;
        lease.complete();
        assert_eq!(gate.counters().completed, before + 1);
    }
    assert_eq!(stable.gate().counters().completed, 50);
}
