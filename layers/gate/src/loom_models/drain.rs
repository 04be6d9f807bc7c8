//! Enter, exit, close, drained.

use loom::future::block_on;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use super::{Work, bounded, bounded_by, join, unbounded, worker};
use crate::Gate;

fn nothing_is_admitted_after_close_returned(shards: usize) {
    let gate = Gate::with_shards(shards);
    let closed = std::sync::Arc::new(AtomicBool::new(false));
    let workers = [(); 2].map(|()| {
        let (gate, closed) = (gate.clone(), closed.clone());
        thread::spawn(move || {
            let was_closed = closed.load(Ordering::Acquire);
            let permit = gate.enter();
            assert!(!(was_closed && permit.is_some()), "admitted after close");
        })
    });
    assert!(gate.close());
    assert!(gate.is_closed());
    closed.store(true, Ordering::Release);
    assert!(gate.enter().is_none());
    join(workers);
    assert_eq!(gate.in_flight(), 0);
    assert!(gate.is_drained(), "every shard was done, once");
}

#[test]
fn nothing_is_admitted_after_close_returned_one_shard() {
    bounded_by(1, || nothing_is_admitted_after_close_returned(1));
}

#[test]
fn nothing_is_admitted_after_close_returned_two_shards() {
    bounded(|| nothing_is_admitted_after_close_returned(2));
}

/// However long a request has been at the door: once close returned, nobody adds to the count.
fn who_is_inside_was_counted_when_close_returned(shards: usize) {
    let gate = Gate::with_shards(shards);
    let workers = [(); 2].map(|()| {
        let gate = gate.clone();
        thread::spawn(move || gate.enter())
    });
    gate.close();
    let counted = gate.in_flight();
    let inside = join(workers).into_iter().flatten().count();
    assert!(inside <= counted, "{inside} inside, {counted} counted");
}

#[test]
fn who_is_inside_was_counted_when_close_returned_one_shard() {
    bounded_by(1, || who_is_inside_was_counted_when_close_returned(1));
}

#[test]
fn who_is_inside_was_counted_when_close_returned_two_shards() {
    bounded(|| who_is_inside_was_counted_when_close_returned(2));
}

/// Whoever sees the gate drained sees everything that was done inside.
fn drained_is_not_seen_while_a_permit_lives(shards: usize) {
    let gate = Gate::with_shards(shards);
    let work = Work::new(2);
    let workers = [worker(&gate, &work, 0), worker(&gate, &work, 1)];
    gate.close();
    if gate.is_drained() {
        work.read();
        assert!(gate.enter().is_none());
    }
    join(workers);
    assert!(gate.is_drained(), "every shard was done, once");
}

#[test]
fn drained_is_not_seen_while_a_permit_lives_one_shard() {
    bounded_by(1, || drained_is_not_seen_while_a_permit_lives(1));
}

#[test]
fn drained_is_not_seen_while_a_permit_lives_two_shards() {
    bounded(|| drained_is_not_seen_while_a_permit_lives(2));
}

/// A lost wake-up is a deadlock, which loom reports.
fn wake_up_of_the_last_exit_is_not_lost(shards: usize) {
    let gate = Gate::with_shards(shards);
    let work = Work::new(2);
    let workers = [worker(&gate, &work, 0), worker(&gate, &work, 1)];
    gate.close();
    block_on(gate.drained());
    work.read();
    assert!(gate.is_drained());
    join(workers);
    assert!(gate.is_drained(), "every shard was done, once");
}

#[test]
fn wake_up_of_the_last_exit_is_not_lost_one_shard() {
    bounded_by(1, || wake_up_of_the_last_exit_is_not_lost(1));
}

#[test]
fn wake_up_of_the_last_exit_is_not_lost_two_shards() {
    bounded(|| wake_up_of_the_last_exit_is_not_lost(2));
}

#[test]
fn of_two_who_close_one_is_told_so_and_both_returns_are_the_boundary() {
    bounded(|| {
        let gate = Gate::with_shards(2);
        let work = Work::new(1);
        let entered = worker(&gate, &work, 0);
        let other = {
            let gate = gate.clone();
            thread::spawn(move || {
                let closed = gate.close();
                assert!(gate.enter().is_none());
                closed
            })
        };
        let closed = gate.close();
        assert!(gate.is_closed());
        assert!(gate.enter().is_none());
        assert!(closed ^ other.join().unwrap());
        entered.join().unwrap();
        assert!(gate.is_drained(), "every shard was done, once");
    });
}

#[test]
fn closed_is_not_seen_before_the_last_shard_is_closed() {
    bounded(|| {
        let gate = Gate::with_shards(2);
        let observers = [(); 2].map(|()| {
            let gate = gate.clone();
            thread::spawn(move || {
                let closed = gate.is_closed();
                let permit = gate.enter();
                assert!(
                    !(closed && permit.is_some()),
                    "admitted through a closed gate"
                );
            })
        });
        gate.close();
        join(observers);
    });
}

#[test]
fn second_permit_through_the_same_door_is_waited_for() {
    unbounded(|| {
        let gate = Gate::with_shards(1);
        let work = Work::new(1);
        let permit = gate.enter().expect("a new gate is open");
        let other = {
            let work = work.clone();
            thread::spawn(move || {
                let second = permit.clone();
                drop(permit);
                work.write(0);
                drop(second);
            })
        };
        gate.close();
        block_on(gate.drained());
        work.read();
        other.join().unwrap();
        assert!(gate.is_drained());
    });
}

#[test]
fn every_waiter_is_woken_and_one_who_left_is_not_missed() {
    bounded(|| {
        let gate = Gate::with_shards(1);
        let permit = gate.enter().expect("a new gate is open");
        let waiter = {
            let gate = gate.clone();
            thread::spawn(move || block_on(gate.drained()))
        };
        let leaver = thread::spawn(move || drop(permit));
        gate.close();
        let mut impatient = gate.drained();
        block_on(std::future::poll_fn(|cx| {
            let _ = std::pin::Pin::new(&mut impatient).poll(cx);
            std::task::Poll::Ready(())
        }));
        drop(impatient);
        waiter.join().unwrap();
        leaver.join().unwrap();
    });
}
