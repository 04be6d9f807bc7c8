//! Cancellation against those who register for it, leave, or finish.

use std::future::poll_fn;

use loom::future::block_on;
use loom::thread;

use super::{bounded, join, unbounded};
use crate::Gate;

#[test]
fn cancellation_wakes_who_registers_meanwhile() {
    unbounded(|| {
        let gate = Gate::with_shards(1);
        let permit = gate.enter().expect("a new gate is open");
        let request = thread::spawn(move || {
            block_on(permit.cancelled());
            assert!(permit.is_cancelled());
        });
        gate.cancel();
        assert!(gate.enter().is_none());
        request.join().unwrap();
        assert!(gate.is_drained());
        assert_eq!(gate.cancelled_count(), 1);
    });
}

#[test]
fn cancellation_wakes_every_request_on_every_shard() {
    bounded(|| {
        let gate = Gate::with_shards(2);
        let requests = [(); 2].map(|()| {
            let gate = gate.clone();
            thread::spawn(move || {
                let Some(mut permit) = gate.enter() else {
                    return 0;
                };
                block_on(poll_fn(|cx| permit.poll_cancelled(cx)));
                1
            })
        });
        gate.cancel();
        block_on(gate.drained());
        let cancelled: u64 = join(requests).iter().sum();
        assert_eq!(gate.cancelled_count(), cancelled);
    });
}

#[test]
fn who_stops_waiting_takes_no_other_wake_up_along() {
    bounded(|| {
        let gate = Gate::with_shards(1);
        let permit = gate.enter().expect("a new gate is open");
        let other = gate.enter().expect("a new gate is open");
        let waits = thread::spawn(move || block_on(permit.cancelled()));
        let leaves = thread::spawn(move || {
            let mut cancelled = other.cancelled();
            block_on(poll_fn(|cx| {
                let _ = std::pin::Pin::new(&mut cancelled).poll(cx);
                std::task::Poll::Ready(())
            }));
        });
        gate.cancel();
        waits.join().unwrap();
        leaves.join().unwrap();
        assert!(gate.is_drained());
    });
}

/// The count of those cut off is exact once the gate is drained, whichever thread reads it.
#[test]
fn cut_off_requests_are_counted_before_the_drain_is_seen() {
    bounded(|| {
        let gate = Gate::with_shards(2);
        let cancelled = gate.enter().expect("a new gate is open");
        gate.cancel();
        let leaves = thread::spawn(move || drop(cancelled));
        block_on(gate.drained());
        assert_eq!(gate.cancelled_count(), 1);
        leaves.join().unwrap();
    });
}
