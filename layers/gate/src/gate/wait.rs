use std::num::NonZeroU32;
use std::task::{Context, RawWakerVTable, Waker};

use slab::Slab;

use crate::RequestPhase;
use crate::sync::{Mutex, lock};

/// The tasks to wake when something happens.
///
/// Wakers are woken and dropped outside the lock: dropping the last waker of a task may drop the
/// task itself, and with it somebody who leaves this very list.
#[derive(Debug, Default)]
pub(crate) struct Waiters(Mutex<Places>);

#[derive(Debug, Default)]
struct Places {
    /// A place is kept until who has it leaves, woken or not.
    wakers: Slab<Option<Waker>>,
    /// How many have one who wait for their head.
    heads: usize,
}

/// Names a place, and no other one until its owner has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(NonZeroU32);

impl Key {
    /// So that it fits beside other things.
    const MAX: u32 = u32::MAX >> 5;

    pub(crate) fn new(key: u32) -> Option<Self> {
        NonZeroU32::new(key).map(Self)
    }

    pub(crate) fn of_index(index: usize) -> Self {
        let key = u32::try_from(index + 1)
            .ok()
            .filter(|key| *key <= Self::MAX);
        key.and_then(Self::new)
            .expect("more tasks than memory has room for")
    }

    pub(crate) fn get(self) -> u32 {
        self.0.get()
    }

    pub(crate) fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

impl Waiters {
    /// Puts the task's waker in. The caller looks at what it waits for *afterwards*: either it
    /// sees that it happened, or whoever makes it happen sees the waker.
    pub(crate) fn register(&self, wait: &mut Wait, cx: &Context<'_>) {
        self.register_in(RequestPhase::Body, wait, cx);
    }

    /// As `register`, for somebody in that phase: those who wait for their head are
    /// [counted](Self::heads), from now until they leave, woken or not.
    pub(crate) fn register_in(&self, phase: RequestPhase, wait: &mut Wait, cx: &Context<'_>) {
        let before = wait.place.take();
        let is_head = match &before {
            Some(place) => place.is_head,
            None => phase == RequestPhase::Head,
        };
        let heads = usize::from(is_head && before.is_none());
        let key = self.put(before.map(|place| place.key), heads, cx);
        wait.place = Some(Place {
            key,
            is_head,
            identity: Identity::of(cx),
        });
    }

    /// As `register`, for those who only remember the key they were given.
    pub(crate) fn register_key(&self, key: Option<Key>, cx: &Context<'_>) -> Key {
        self.put(key, 0, cx)
    }

    fn put(&self, key: Option<Key>, heads: usize, cx: &Context<'_>) -> Key {
        let mut places = lock(&self.0);
        places.heads += heads;
        let Some(key) = key else {
            return Key::of_index(places.wakers.insert(Some(cx.waker().clone())));
        };
        let replaced = match &mut places.wakers[key.index()] {
            Some(waker) if waker.will_wake(cx.waker()) => None,
            waker => waker.replace(cx.waker().clone()),
        };
        drop(places);
        drop(replaced);
        key
    }

    /// How many have a place who wait for their head.
    pub(crate) fn heads(&self) -> usize {
        lock(&self.0).heads
    }

    /// Takes the task's waker out, if there is one.
    #[inline]
    pub(crate) fn leave(&self, wait: &mut Wait) {
        if wait.place.is_some() {
            self.leave_place(wait);
        }
    }

    #[inline(never)]
    fn leave_place(&self, wait: &mut Wait) {
        if let Some(place) = wait.place.take() {
            self.take_out(place.key, usize::from(place.is_head));
        }
    }

    /// As `leave`, of somebody who registered [by key](Self::register_key).
    pub(crate) fn leave_key(&self, key: Key) {
        self.take_out(key, 0);
    }

    fn take_out(&self, key: Key, heads: usize) {
        let mut places = lock(&self.0);
        places.heads -= heads;
        let waker = places.wakers.remove(key.index());
        drop(places);
        drop(waker);
    }

    /// Forgets everybody, wakes nobody, and gives its memory back: all have left.
    pub(crate) fn clear(&self) {
        let places = std::mem::take(&mut *lock(&self.0));
        drop(places);
    }

    /// Wakes everybody who has registered since they were last woken.
    pub(crate) fn wake_all(&self) {
        let wakers: Vec<_> = {
            let mut places = lock(&self.0);
            let wakers = places.wakers.iter_mut();
            wakers.filter_map(|(_, waker)| waker.take()).collect()
        };
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// One task's place in [`Waiters`].
#[derive(Debug, Default)]
pub(crate) struct Wait {
    place: Option<Place>,
}

#[derive(Debug)]
struct Place {
    key: Key,
    is_head: bool,
    identity: Identity,
}

/// Addresses of a waker's data and of its table. The list's own clone keeps both alive, so an
/// equal pair is the same task.
#[derive(Debug)]
struct Identity {
    data: usize,
    table: &'static RawWakerVTable,
}

impl Identity {
    #[inline]
    fn of(cx: &Context<'_>) -> Self {
        let waker = cx.waker();
        Self {
            data: waker.data() as usize,
            table: waker.vtable(),
        }
    }
}

impl PartialEq for Identity {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.data == other.data && std::ptr::eq(self.table, other.table)
    }
}

impl Wait {
    #[inline]
    pub(crate) fn is_registered(&self) -> bool {
        self.place.is_some()
    }

    /// Whether this task's waker was the last one registered. It says nothing of whether that was
    /// woken since: only for what happens once, behind a flag the caller checks.
    #[inline]
    pub(crate) fn is_current(&self, cx: &Context<'_>) -> bool {
        self.place
            .as_ref()
            .is_some_and(|place| place.identity == Identity::of(cx))
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
}
