//! Shards outlive their gates: who may touch one that has gone to another gate.

use std::sync::Arc;

use loom::future::block_on;
use loom::thread;

use super::{Work, bounded, join, unbounded};
use crate::gate::{Exit, Pool, RawPermit};
use crate::{Counters, Gate};

fn address(permit: &RawPermit) -> usize {
    std::ptr::from_ref(permit.shard()) as usize
}

/// The request leaves, the gate goes and the next gate comes, in every order.
#[test]
fn shard_of_a_gate_that_went_is_touched_by_nobody_who_was_inside() {
    unbounded(|| {
        let work = Work::new(1);
        let gate = Gate::with_shards(1);
        let permit = gate.count_in().expect("a new gate is open");
        let shard = address(&permit);
        let request = {
            let work = Arc::clone(&work);
            thread::spawn(move || {
                work.write(0);
                permit.exit(Exit::Completed);
            })
        };
        let drained = gate.drained();
        drop(gate);

        let next = Gate::with_shards(1);
        let inside = next.count_in().expect("a new gate is open");
        let is_same = address(&inside) == shard;
        if is_same {
            // What was done in it before is over.
            work.read();
        }
        assert_eq!(next.counters().completed, 0);
        request.join().unwrap();
        block_on(drained);
        assert_eq!(next.in_flight(), 1);
        assert!(!next.is_drained());
        inside.exit(Exit::Dropped);
        let counters = next.counters();
        assert_eq!((counters.admitted, counters.abandoned), (1, 1));
        assert_eq!(Pool::global().free(), usize::from(!is_same));
    });
}

/// Of all who may be the last, one gives the shard back.
#[test]
fn shard_is_given_back_once() {
    bounded(|| {
        let gate = Gate::with_shards(1);
        let workers = [(); 2].map(|()| {
            let gate = gate.clone();
            thread::spawn(move || drop(gate.enter()))
        });
        gate.close();
        drop(gate);
        join(workers);
        assert_eq!(Pool::global().free(), 1);
    });
}

#[test]
fn shard_of_an_open_gate_is_given_back_once_by_its_last_request() {
    bounded(|| {
        let gate = Gate::with_shards(1);
        let permits = [(); 2].map(|()| gate.enter().expect("a new gate is open"));
        let requests = permits.map(|permit| thread::spawn(move || drop(permit)));
        drop(gate);
        join(requests);
        assert_eq!(Pool::global().free(), 1);
        let next = Gate::with_shards(1);
        assert_eq!(Pool::global().free(), 0);
        assert_eq!(next.counters(), Counters::default());
    });
}
