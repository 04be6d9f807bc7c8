use std::task::{Context, Waker};

use slab::Slab;

use crate::sync::{Mutex, lock};

/// The tasks to wake when something happens.
///
/// Wakers are woken and dropped outside the lock: dropping the last waker of a task may drop the
/// task itself, and with it somebody who leaves this very list.
#[derive(Debug, Default)]
pub(crate) struct Waiters(Mutex<WakerSet>);

impl Waiters {
    /// Puts the task's waker in. The caller looks at what it waits for *afterwards*: either it
    /// sees that it happened, or whoever makes it happen sees the waker.
    pub(crate) fn register(&self, wait: &mut Wait, cx: &Context<'_>) {
        let replaced = wait.register(&mut lock(&self.0), cx);
        drop(replaced);
    }

    /// Takes the task's waker out, if there is one.
    pub(crate) fn leave(&self, wait: &mut Wait) {
        if wait.place.is_some() {
            let waker = wait.leave(&mut lock(&self.0));
            drop(waker);
        }
    }

    /// Empties the list and wakes who was in it.
    pub(crate) fn wake_all(&self) {
        let wakers = lock(&self.0).take();
        wakers.for_each(Waker::wake);
    }
}

/// Wakers, each under a key so that it can leave again.
#[derive(Debug, Default)]
struct WakerSet {
    wakers: Slab<Waker>,
    /// How often the set was emptied: a key is only good for the round it was given in.
    round: usize,
}

impl WakerSet {
    fn take(&mut self) -> impl Iterator<Item = Waker> + use<> {
        self.round = self.round.wrapping_add(1);
        std::mem::take(&mut self.wakers)
            .into_iter()
            .map(|(_, waker)| waker)
    }
}

/// One task's place in [`Waiters`].
#[derive(Debug, Default)]
pub(crate) struct Wait {
    place: Option<Place>,
}

#[derive(Debug)]
struct Place {
    key: usize,
    round: usize,
    /// Addresses of the waker's data and of its table. The set's own clone keeps both alive, so
    /// an equal pair is the same task.
    identity: (usize, usize),
}

fn identity(cx: &Context<'_>) -> (usize, usize) {
    let waker = cx.waker();
    (
        waker.data() as usize,
        std::ptr::from_ref(waker.vtable()) as usize,
    )
}

impl Wait {
    /// Whether this task's waker was the last one registered. It says nothing of whether the set
    /// was emptied since: only for sets that are emptied once, behind a flag the caller checks.
    pub(crate) fn is_current(&self, cx: &Context<'_>) -> bool {
        self.place
            .as_ref()
            .is_some_and(|place| place.identity == identity(cx))
    }

    /// Puts the task's waker into the set, in place of the one this wait left there before, which
    /// is handed out.
    fn register(&mut self, set: &mut WakerSet, cx: &Context<'_>) -> Option<Waker> {
        let identity = identity(cx);
        match &mut self.place {
            Some(place) if place.round == set.round => {
                if place.identity == identity {
                    return None;
                }
                place.identity = identity;
                let waker = &mut set.wakers[place.key];
                Some(std::mem::replace(waker, cx.waker().clone()))
            }
            place => {
                let key = set.wakers.insert(cx.waker().clone());
                *place = Some(Place {
                    key,
                    round: set.round,
                    identity,
                });
                None
            }
        }
    }

    fn leave(&mut self, set: &mut WakerSet) -> Option<Waker> {
        let place = self.place.take()?;
        (place.round == set.round).then(|| set.wakers.remove(place.key))
    }
}

#[cfg(all(test, not(tower_plugin_loom)))]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Weak};
    use std::task::Wake;

    use super::*;

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
        dropping_the_last_waker(&|_| waiters.wake_all());
        assert!(lock(&waiters.0).wakers.is_empty());
    }
}
