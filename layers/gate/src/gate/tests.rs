use std::collections::HashSet;
use std::sync::Barrier;

use tokio_test::{assert_pending, assert_ready, task};

use super::{Exit, Gate, Pool};
use crate::{Generation, PluginState, Slot};

#[test]
fn gate_that_is_closed_empty_is_drained_at_once() {
    let gate = Gate::new();
    assert!(!gate.is_drained());
    let mut drained = task::spawn(gate.drained());
    assert_pending!(drained.poll());
    assert!(gate.close());
    assert!(drained.is_woken());
    assert_ready!(drained.poll());
    assert!(gate.is_drained());
}

#[test]
fn closing_again_says_so() {
    let gate = Gate::new();
    assert!(gate.close());
    assert!(!gate.close());
    assert!(gate.enter().is_none());
}

#[test]
fn permits_of_every_shard_are_waited_for() {
    let gate = Gate::with_shards(4);
    let permits: Vec<_> = (0..4)
        .map(|_| {
            let gate = gate.clone();
            let enter = move || gate.enter().expect("a new gate is open");
            std::thread::spawn(enter).join().expect("nobody panics")
        })
        .collect();
    assert_eq!(gate.in_flight(), 4);
    gate.close();
    let mut drained = task::spawn(gate.drained());
    for (left, permit) in (1..=4).rev().zip(permits) {
        assert_eq!(gate.in_flight(), left);
        assert_pending!(drained.poll());
        drop(permit);
    }
    assert!(drained.is_woken());
    assert_ready!(drained.poll());
}

#[test]
fn permit_that_is_moved_to_another_thread_leaves_through_the_door_it_came_in() {
    let gate = Gate::with_shards(2);
    let permit = gate.enter().expect("a new gate is open");
    std::thread::spawn(move || drop(permit))
        .join()
        .expect("nobody panics");
    assert_eq!(gate.in_flight(), 0);
    gate.close();
    assert!(gate.is_drained());
}

#[test]
fn clone_of_a_permit_is_counted_by_itself_even_through_a_closed_gate() {
    let gate = Gate::new();
    let first = gate.enter().expect("a new gate is open");
    gate.close();
    let second = first.clone();
    assert_eq!(gate.in_flight(), 2);
    drop(first);
    assert!(!gate.is_drained());
    drop(second);
    assert!(gate.is_drained());
}

#[test]
fn any_number_may_wait_for_the_drain_and_stop_waiting() {
    let gate = Gate::new();
    let permit = gate.enter().expect("a new gate is open");
    gate.close();
    let mut waiting: Vec<_> = (0..3).map(|_| task::spawn(gate.drained())).collect();
    for waiter in &mut waiting {
        assert_pending!(waiter.poll());
    }
    drop(waiting.remove(1));
    drop(permit);
    for waiter in &mut waiting {
        assert!(waiter.is_woken());
        assert_ready!(waiter.poll());
    }
}

#[test]
fn cancelling_closes_wakes_and_counts_who_did_not_complete() {
    let gate = Gate::new();
    let completes = gate.enter().expect("a new gate is open");
    let mut gives_up = gate.enter().expect("a new gate is open");
    let token = gate.token();
    let listening = gate.enter().expect("a new gate is open");
    let mut listens = task::spawn(listening.cancelled());
    assert_pending!(listens.poll());
    let mut polls = task::spawn(());
    assert_pending!(polls.enter(|cx, _| gives_up.poll_cancelled(cx)));
    assert_pending!(polls.enter(|cx, _| gives_up.poll_cancelled(cx)));

    gate.cancel();
    assert!(gate.is_closed());
    assert!(token.is_cancelled());
    assert!(listens.is_woken());
    assert_ready!(listens.poll());
    assert!(polls.is_woken());
    assert_ready!(polls.enter(|cx, _| gives_up.poll_cancelled(cx)));

    drop(listens);
    drop(listening);
    drop(gives_up);
    completes.complete();
    assert!(gate.is_drained());
    assert_eq!(gate.cancelled_count(), 2);
}

#[test]
fn poll_by_another_task_moves_the_wake_up_there() {
    let gate = Gate::new();
    let mut permit = gate.enter().expect("a new gate is open");
    let (mut first, mut second) = (task::spawn(()), task::spawn(()));
    assert_pending!(first.enter(|cx, _| permit.poll_cancelled(cx)));
    assert_pending!(second.enter(|cx, _| permit.poll_cancelled(cx)));
    gate.cancel();
    assert!(!first.is_woken());
    assert!(second.is_woken());
}

#[test]
fn cancelling_a_token_of_the_gate_cancels_nothing_else() {
    let gate = Gate::new();
    let permit = gate.enter().expect("a new gate is open");
    gate.token().cancel();
    assert!(!permit.is_cancelled());
    assert!(!gate.token().is_cancelled());
}

#[test]
fn cancelled_error_says_whose_gate_it_was_and_why_it_was_closed() {
    let alone = Gate::new().enter().expect("a new gate is open");
    let message = alone.cancelled_error().to_string();
    assert_eq!(
        message,
        "request cancelled: its gate passed the drain deadline; retry"
    );

    let slot = Slot::new("geo", PluginState::Loading);
    slot.open(Generation::new(1, ()));
    let old = slot.generation().expect("the slot is open");
    let permit = old.gate().enter().expect("the slot is open");
    slot.close(PluginState::Disabled);
    let message = permit.cancelled_error().to_string();
    assert_eq!(
        message,
        "request cancelled: plugin `geo`, disabled, passed its drain deadline; retry"
    );
}

#[test]
fn threads_are_spread_over_the_shards() {
    let all_are_there = Barrier::new(8);
    let number = || {
        let number = crate::sync::thread_number();
        all_are_there.wait();
        number
    };
    let numbers: HashSet<_> = std::thread::scope(|scope| {
        let threads = [(); 8].map(|()| scope.spawn(number));
        threads
            .map(|thread| thread.join().expect("nobody panics"))
            .into()
    });
    assert_eq!(numbers.len(), 8);
    assert!(crate::sync::shards().is_power_of_two());
}

#[test]
fn completed_requests_are_counted_beyond_what_the_word_holds() {
    let gate = Gate::with_shards(1);
    let first = gate.count_in().expect("a new gate is open");
    let before = first.shard().completed_all_but_one_carry();
    first.exit(Exit::Completed);
    for more in 2..5 {
        gate.enter().expect("the gate is open").complete();
        assert_eq!(gate.counters().completed, before + more);
        assert_eq!(gate.counters().admitted, before + more);
        assert_eq!(gate.in_flight(), 0);
    }
    gate.close();
    assert!(gate.is_drained());
    assert_eq!(gate.counters().completed, before + 4);
}

#[test]
fn shards_of_a_gate_go_back_with_its_last_handle_and_its_last_request() {
    let pool = Pool::leaked();
    let gate = Gate::from_pool(pool, 2);
    let (permit, other) = (gate.enter().expect("it is open"), gate.clone());
    let mut drained = task::spawn(gate.drained());
    drop(gate);
    assert_eq!(pool.free(), 0, "there is another handle");
    drop(other);
    assert_eq!(pool.free(), 1, "nobody was inside of the other shard");
    assert_pending!(drained.poll());

    // Whoever is inside goes on as before.
    let second = permit.clone();
    drop(permit);
    assert!(!second.is_cancelled());
    assert_eq!(pool.free(), 1);
    drop(second);
    assert_eq!(pool.free(), 2);
    assert!(drained.is_woken());
    assert_ready!(drained.poll());
}

#[test]
fn shards_of_a_drained_gate_stay_until_its_last_handle_goes() {
    let pool = Pool::leaked();
    let gate = Gate::from_pool(pool, 1);
    gate.enter().expect("a new gate is open").complete();
    gate.close();
    assert!(gate.is_drained());
    assert_eq!(pool.free(), 0);
    assert_eq!(
        gate.counters().completed,
        1,
        "what was counted is still there"
    );
    drop(gate);
    assert_eq!(pool.free(), 1);
}

#[test]
fn gate_of_used_shards_knows_nothing_of_the_gate_before() {
    let pool = Pool::leaked();
    let before = Gate::from_pool(pool, 1);
    let mut waits = task::spawn(());
    let mut cancelled = before.enter().expect("a new gate is open");
    assert_pending!(waits.enter(|cx, _| cancelled.poll_cancelled(cx)));
    before.enter().expect("a new gate is open").fail();
    before.enter().expect("a new gate is open").complete();
    before.cancel();
    drop((before, cancelled));
    assert_eq!(pool.free(), 1);

    let gate = Gate::from_pool(pool, 1);
    assert_eq!(pool.free(), 0, "it is the same shard");
    assert!(!gate.is_closed() && !gate.is_drained());
    assert_eq!(gate.counters(), crate::Counters::default());
    let permit = gate.enter().expect("a new gate is open");
    assert!(!permit.is_cancelled());
    assert_eq!((gate.in_flight(), gate.counters().admitted), (1, 1));
}

#[test]
fn shards_are_as_many_as_were_in_use_at_a_time_after_100_000_generations() {
    let pool = Pool::leaked();
    for _ in 0..100_000 {
        let (gate, next) = (Gate::from_pool(pool, 2), Gate::from_pool(pool, 2));
        let permit = gate.enter().expect("a new gate is open");
        gate.close();
        drop((gate, permit, next));
    }
    assert_eq!(pool.free(), 4);
}
