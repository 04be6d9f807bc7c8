//! What becomes of requests is counted in the word that lets them in and out.

use loom::thread;

use super::{bounded, join};
use crate::Gate;
use crate::gate::Exit;

#[test]
fn every_request_is_counted_once_as_what_became_of_it() {
    bounded(|| {
        let gate = Gate::with_shards(1);
        let completes = {
            let gate = gate.clone();
            thread::spawn(move || gate.enter().map(crate::Permit::complete).is_some())
        };
        let drops = {
            let gate = gate.clone();
            thread::spawn(move || gate.enter().is_some())
        };
        gate.close();
        let admitted = join([completes, drops]);
        assert!(gate.is_drained());
        let counters = gate.counters();
        assert_eq!(counters.completed, u64::from(admitted[0]));
        assert_eq!(counters.abandoned, u64::from(admitted[1]));
        assert_eq!(counters.admitted, counters.completed + counters.abandoned);
    });
}

/// The part of the word that counts them runs over while the shard is being closed.
#[test]
fn no_completed_request_is_lost_when_their_count_is_carried() {
    bounded(|| {
        let gate = Gate::with_shards(1);
        let first = gate.count_in().unwrap();
        let before = first.shard().completed_all_but_one_carry();
        first.exit(Exit::Completed);
        // One keeps the carry elsewhere, in the midst of the others.
        let workers = [(); 2].map(|()| {
            let gate = gate.clone();
            thread::spawn(move || gate.enter().map(crate::Permit::complete).is_some())
        });
        gate.close();
        let admitted = join(workers).into_iter().filter(|admitted| *admitted);
        assert!(gate.is_drained(), "a carry is no request inside");
        let completed = before + 1 + admitted.count() as u64;
        assert_eq!(gate.counters().completed, completed);
        assert_eq!(gate.in_flight(), 0);
    });
}
