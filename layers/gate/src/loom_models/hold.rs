//! Those who are held against whoever opens or closes the slot.

use std::future::poll_fn;
use std::task::Poll;

use loom::future::block_on;
use loom::thread;

use super::slot::generation;
use super::{bounded, join, unbounded};
use crate::slot::{Admission, Place};
use crate::{PluginState, Slot};

fn reloading() -> Slot<()> {
    Slot::new("geo", PluginState::Reloading)
}

fn held(slot: &Slot<()>) -> Place {
    let place = slot.raw.queue(8);
    place.unwrap_or_else(|_| panic!("the slot is being started, or open"))
}

fn turn(mut place: Place) -> Result<Admission, PluginState> {
    block_on(poll_fn(|cx| place.poll_turn(cx)))
}

/// A lost wake-up is a deadlock, which loom reports.
#[test]
fn who_is_held_while_the_slot_opens_is_let_in() {
    unbounded(|| {
        let slot = reloading();
        let request = {
            let slot = slot.clone();
            thread::spawn(move || turn(held(&slot)).map(|inside| drop(inside.permit)))
        };
        slot.open(generation(1, 1));
        assert_eq!(request.join().unwrap(), Ok(()));
        assert_eq!((slot.held(), slot.in_flight()), (0, 0));
    });
}

#[test]
fn who_is_held_while_the_slot_closes_for_good_is_told() {
    bounded(|| {
        let slot = reloading();
        let place = held(&slot);
        let request = thread::spawn(move || turn(place).map(|_| ()));
        let other = {
            let slot = slot.clone();
            thread::spawn(move || {
                let place = slot.raw.queue(8).ok()?;
                Some(turn(place).map(|_| ()))
            })
        };
        slot.close(PluginState::Failed);
        assert_eq!(request.join().unwrap(), Err(PluginState::Failed));
        let other = other.join().unwrap();
        assert!(other.is_none_or(|turn| turn == Err(PluginState::Failed)));
        assert_eq!(slot.held(), 0);
    });
}

/// Whoever comes later and is inside finds all those inside who were held before.
#[test]
fn nobody_overtakes_who_is_held() {
    bounded(|| {
        let slot = reloading();
        let (first, second) = (held(&slot), held(&slot));
        let late = {
            let slot = slot.clone();
            thread::spawn(move || {
                let inside = slot.enter().ok();
                inside.inspect(|_| assert_eq!(slot.in_flight(), 3))
            })
        };
        slot.open(generation(1, 1));
        let late = late.join().unwrap();
        assert_eq!(slot.in_flight(), 2 + usize::from(late.is_some()));
        assert!(turn(first).is_ok() && turn(second).is_ok());
    });
}

#[test]
fn who_gives_up_leaves_nobody_inside_and_takes_no_other_wake_up_along() {
    bounded(|| {
        let slot = reloading();
        let (leaves, stays) = (held(&slot), held(&slot));
        let leaves = thread::spawn(move || {
            let mut leaves = leaves;
            block_on(poll_fn(|cx| {
                let _ = leaves.poll_turn(cx);
                Poll::Ready(())
            }));
        });
        let stays = thread::spawn(move || turn(stays).map(|inside| drop(inside.permit)));
        slot.open(generation(1, 1));
        let old = slot.close(PluginState::Disabled).expect("a generation");
        block_on(old.gate().drained());
        leaves.join().unwrap();
        assert_eq!(stays.join().unwrap(), Ok(()));
        assert_eq!((slot.held(), old.gate().in_flight()), (0, 0));
    });
}

/// A turn and the end of the wait at once: one of them counts, and nobody stays behind.
#[test]
fn who_gives_up_as_the_slot_opens_is_inside_or_gone() {
    unbounded(|| {
        let slot = reloading();
        let mut place = held(&slot);
        let request = thread::spawn(move || place.give_up().map(|turn| turn.is_ok()));
        slot.open(generation(1, 1));
        let turn = request.join().unwrap();
        assert!(matches!(turn, None | Some(true)));
        assert_eq!((slot.held(), slot.in_flight()), (0, 0));
    });
}

#[test]
fn no_more_are_held_than_there_may_be() {
    bounded(|| {
        let slot = reloading();
        let requests = [(); 2].map(|()| {
            let slot = slot.clone();
            thread::spawn(move || slot.raw.queue(1).ok())
        });
        let places = join(requests);
        let held = places.iter().flatten().count();
        assert_eq!((held, slot.held()), (1, 1));
        drop(places);
        assert_eq!(slot.held(), 0);
    });
}
