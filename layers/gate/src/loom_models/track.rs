//! What is told of those inside, while they come and go.

use std::sync::Arc;

use http::Request;
use loom::thread;

use super::{bounded, join, unbounded};
use crate::{Gate, Generation, Holder, Lease, PluginState, Slot};

fn tracked() -> Gate {
    let gate = Gate::with_shards(1);
    gate.track(1);
    gate
}

#[test]
fn nobody_is_listed_who_has_left() {
    unbounded(|| {
        let gate = tracked();
        let visitor = {
            let gate = gate.clone();
            thread::spawn(move || drop(gate.enter()))
        };
        gate.close();
        let is_drained = gate.is_drained();
        let listed = gate.requests(9).expect("tracked").total;
        assert!(!is_drained || listed == 0, "left, and listed");
        visitor.join().expect("nobody panics");
        assert_eq!(gate.requests(9).expect("tracked").total, 0);
    });
}

#[test]
fn who_comes_while_the_list_is_read_is_there_as_a_whole_or_not_at_all() {
    unbounded(|| {
        let gate = tracked();
        let first = gate.enter().expect("a new gate is open");
        let second = {
            let gate = gate.clone();
            thread::spawn(move || {
                let permit = gate.enter().expect("nobody closes it");
                permit.describe(&Request::new(()));
                permit
            })
        };
        let seen = gate.requests(9).expect("tracked");
        assert_eq!(seen.requests.len(), seen.total);
        assert!((1..=2).contains(&seen.total));
        let second = second.join().expect("nobody panics");
        let ids = gate.requests(9).expect("tracked").requests;
        assert_ne!(ids[0].id, ids[1].id);
        drop((first, second));
        assert_eq!(gate.requests(9).expect("tracked").total, 0);
    });
}

fn upgrade(slot: &Slot<()>) -> (Holder, Lease) {
    let mut request = Request::connect("a:1").body(()).expect("a request");
    let generation = slot.generation().expect("it is open");
    let holder = generation.admit(&mut request).expect("it is open");
    let lease = request.extensions_mut().remove().expect("a lease");
    (holder, lease)
}

/// The response and the handler of an upgrade, which end at the same time.
#[test]
fn upgrade_is_in_one_phase_at_a_time_and_in_none_at_the_end() {
    for slot in [Slot::new, Slot::tracked] {
        bounded(move || {
            let slot: Slot<()> = slot(Arc::from("geo"), PluginState::Loading);
            slot.open(super::slot::generation(1, 1));
            let generation: Generation<()> = slot.generation().expect("it is open");
            let (holder, lease) = upgrade(&slot);
            let ends = [
                thread::spawn(move || drop(holder)),
                thread::spawn(move || drop(lease)),
            ];
            assert!(generation.gate().phases().total() <= 1);
            join(ends);
            assert_eq!(generation.gate().in_flight(), 0);
            // Whoever comes next is in no phase of theirs.
            let _next = generation.gate().enter().expect("it is open");
            assert_eq!(generation.gate().phases().upgraded, 0);
            assert_eq!(generation.gate().phases().total(), 1);
        });
    }
}
