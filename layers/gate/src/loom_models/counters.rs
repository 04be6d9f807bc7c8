//! What becomes of requests is counted in the word that lets them in and out.

use std::sync::Arc;

use loom::thread;

use super::{bounded, join};
use crate::Gate;
use crate::gate::{Drain, Exit, Shard};

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
        let shard = Arc::new(Shard::new(Arc::new(Drain::new(1))));
        let before = shard.completed_all_but_one_carry();
        let workers = [(); 2].map(|()| {
            assert!(shard.enter());
            let shard = shard.clone();
            thread::spawn(move || shard.exit(Exit::Completed))
        });
        shard.close();
        join(workers);
        assert!(shard.drain().is_done(), "a carry is no request inside");
        assert_eq!(shard.counters().completed, before + 2);
        assert_eq!(shard.count(), 0);
    });
}
