//! A shard that is remembered, without its gate: who comes in by it once it has gone to another.

use std::sync::Arc;

use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;

use super::bounded;
use super::slot::{generation, open_slot};
use crate::gate::{Exit, RawPermit};
use crate::{Counters, Gate};

/// A gate that is about to be closed, and a thread that goes in by what it remembers of it unless
/// it sees that another one has taken its place.
fn remembered() -> (Gate, thread::JoinHandle<Option<RawPermit>>) {
    let (gate, version) = (Gate::with_shards(1), Arc::new(AtomicU64::new(1)));
    let permit = gate.count_in().expect("a new gate is open");
    let shard = permit.shard_ref();
    permit.exit(Exit::Completed);
    let comes = {
        let version = Arc::clone(&version);
        thread::spawn(move || RawPermit::enter_if(&shard, || version.load(Ordering::Acquire) == 1))
    };
    // As a slot does: whoever looks for it finds the next one before it is closed.
    version.store(2, Ordering::Release);
    (gate, comes)
}

#[test]
fn nobody_stays_inside_a_gate_that_has_got_a_remembered_shard() {
    bounded(|| {
        let (gate, comes) = remembered();
        gate.close();
        let drained = gate.drained();
        drop(gate);
        let next = Gate::with_shards(1);
        let inside = comes.join().unwrap();
        assert_eq!(
            (next.in_flight(), next.counters()),
            (0, Counters::default())
        );
        if let Some(permit) = inside {
            permit.exit(Exit::Completed);
        }
        loom::future::block_on(drained);
    });
}

/// Whoever withdraws may be the last that a drain waits for.
#[test]
fn gate_that_is_closed_around_one_who_withdraws_drains() {
    bounded(|| {
        let (gate, comes) = remembered();
        drop(gate);
        let next = Gate::with_shards(1);
        next.close();
        loom::future::block_on(next.drained());
        if let Some(permit) = comes.join().unwrap() {
            permit.exit(Exit::Completed);
        }
        assert_eq!(next.counters(), Counters::default());
    });
}

#[test]
fn thread_that_remembers_a_generation_is_never_turned_away_by_a_swap() {
    bounded(|| {
        let slot = open_slot(1);
        let requests = {
            let raw = slot.raw.clone();
            thread::spawn(move || {
                let enter = || raw.enter().expect("a swap alone never rejects");
                enter().exit(Exit::Completed);
                enter()
            })
        };
        let old = slot.open(generation(2, 1)).expect("the first generation");
        let permit = requests.join().unwrap();
        assert_eq!(old.gate().in_flight() + slot.in_flight(), 1);
        assert_eq!(slot.counters().completed, 1);
        permit.exit(Exit::Completed);
        assert_eq!(slot.counters().completed, 2);
        assert!(old.gate().is_drained());
    });
}
