use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Wake, Waker};

use super::{Wait, Waiters};
use crate::RequestPhase;
use crate::sync::lock;

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn task() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count::default());
    (count.clone(), Waker::from(count))
}

#[test]
fn registering_twice_keeps_one_place_and_the_newer_waker() {
    let (old, old_waker) = task();
    let (new, new_waker) = task();
    let (waiters, mut wait) = (Waiters::default(), Wait::default());
    waiters.register(&mut wait, &Context::from_waker(&old_waker));
    assert!(wait.is_current(&Context::from_waker(&old_waker)));
    waiters.register(&mut wait, &Context::from_waker(&new_waker));
    assert!(!wait.is_current(&Context::from_waker(&old_waker)));
    waiters.wake_all();
    assert_eq!(old.0.load(Ordering::SeqCst), 0);
    assert_eq!(new.0.load(Ordering::SeqCst), 1);
}

#[test]
fn place_of_an_earlier_round_never_touches_a_later_one() {
    let (_, first_waker) = task();
    let (second, second_waker) = task();
    let waiters = Waiters::default();
    let (mut first_wait, mut second_wait) = (Wait::default(), Wait::default());
    waiters.register(&mut first_wait, &Context::from_waker(&first_waker));
    waiters.wake_all();
    waiters.register(&mut second_wait, &Context::from_waker(&second_waker));
    waiters.leave(&mut first_wait);
    waiters.wake_all();
    assert_eq!(
        second.0.load(Ordering::SeqCst),
        1,
        "the second task is still registered"
    );
}

#[test]
fn who_waits_for_a_head_is_counted_until_they_leave_woken_or_not() {
    let (_, waker) = task();
    let cx = Context::from_waker(&waker);
    let waiters = Waiters::default();
    let mut waits = [Wait::default(), Wait::default(), Wait::default()];
    for wait in &mut waits {
        waiters.register_in(RequestPhase::Head, wait, &cx);
        waiters.register_in(RequestPhase::Head, wait, &cx);
    }
    waiters.register(&mut Wait::default(), &cx);
    assert_eq!(waiters.heads(), 3);
    waiters.leave(&mut waits[0]);
    waiters.wake_all();
    assert_eq!(waiters.heads(), 2);
    waiters.register_in(RequestPhase::Head, &mut waits[1], &cx);
    assert_eq!(waiters.heads(), 2, "of another round");
    for left in (0..2).rev() {
        waiters.leave(&mut waits[left + 1]);
        assert_eq!(waiters.heads(), left);
    }
}

#[test]
fn who_left_is_not_woken() {
    let (count, waker) = task();
    let (waiters, mut wait) = (Waiters::default(), Wait::default());
    waiters.register(&mut wait, &Context::from_waker(&waker));
    waiters.leave(&mut wait);
    waiters.leave(&mut wait);
    waiters.wake_all();
    assert_eq!(count.0.load(Ordering::SeqCst), 0);
}

/// A task that leaves the list when it is dropped, which its last waker does.
struct Leaves {
    waiters: Weak<Waiters>,
    wait: std::sync::Mutex<Wait>,
}

impl Wake for Leaves {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Leaves {
    fn drop(&mut self) {
        let waiters = self.waiters.upgrade().expect("the list outlives the task");
        waiters.leave(self.wait.get_mut().expect("nobody panics"));
    }
}

#[test]
fn dropping_the_last_waker_of_a_task_may_drop_somebody_in_the_list() {
    let waiters = Arc::new(Waiters::default());
    let dropping_the_last_waker = |drop_it: &dyn Fn(&mut Wait)| {
        let mut inner = Wait::default();
        waiters.register(&mut inner, &Context::from_waker(Waker::noop()));
        let waker = Waker::from(Arc::new(Leaves {
            waiters: Arc::downgrade(&waiters),
            wait: std::sync::Mutex::new(inner),
        }));
        let mut outer = Wait::default();
        waiters.register(&mut outer, &Context::from_waker(&waker));
        drop(waker);
        drop_it(&mut outer);
    };
    dropping_the_last_waker(&|wait| waiters.leave(wait));
    dropping_the_last_waker(&|wait| {
        waiters.register(wait, &Context::from_waker(Waker::noop()));
        waiters.leave(wait);
    });
    dropping_the_last_waker(&|wait| {
        waiters.wake_all();
        waiters.leave(wait);
    });
    assert!(lock(&waiters.0).wakers.is_empty());
}
