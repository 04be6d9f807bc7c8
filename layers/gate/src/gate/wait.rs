use std::task::{Context, RawWakerVTable, Waker};

use slab::Slab;

use crate::RequestPhase;
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
        self.register_in(RequestPhase::Body, wait, cx);
    }

    /// As `register`, for somebody in that phase: those who wait for their head are
    /// [counted](Self::heads), from now until they leave, woken or not.
    pub(crate) fn register_in(&self, phase: RequestPhase, wait: &mut Wait, cx: &Context<'_>) {
        let is_head = phase == RequestPhase::Head;
        let replaced = wait.register(&mut lock(&self.0), is_head, cx);
        drop(replaced);
    }

    /// How many have a place who wait for their head.
    pub(crate) fn heads(&self) -> usize {
        lock(&self.0).heads
    }

    /// Takes the task's waker out, if there is one.
    #[inline]
    pub(crate) fn leave(&self, wait: &mut Wait) {
        if wait.is_registered() {
            self.take_out(wait);
        }
    }

    #[inline(never)]
    fn take_out(&self, wait: &mut Wait) {
        let waker = wait.leave(&mut lock(&self.0));
        drop(waker);
    }

    /// Forgets everybody, wakes nobody, and gives its memory back: all have left.
    pub(crate) fn clear(&self) {
        let wakers = std::mem::take(&mut *lock(&self.0));
        drop(wakers);
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
    round: u32,
    /// How many have a place who wait for their head, of whatever round.
    heads: usize,
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
    key: u32,
    round: u32,
    is_head: bool,
    identity: Identity,
}

/// Addresses of a waker's data and of its table. The set's own clone keeps both alive, so an equal
/// pair is the same task.
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
    /// Whether this task's waker was the last one registered. It says nothing of whether the set
    /// was emptied since: only for sets that are emptied once, behind a flag the caller checks.
    #[inline]
    pub(crate) fn is_current(&self, cx: &Context<'_>) -> bool {
        self.place
            .as_ref()
            .is_some_and(|place| place.identity == Identity::of(cx))
    }

    #[inline]
    pub(crate) fn is_registered(&self) -> bool {
        self.place.is_some()
    }

    /// Another wait in the same set with this one's place, which this one loses.
    #[inline]
    pub(crate) fn take(&mut self) -> Self {
        // What is nearly always empty is not worth moving.
        let mut taken = Self::default();
        if self.is_registered() {
            std::mem::swap(&mut taken, self);
        }
        taken
    }

    /// Puts the task's waker into the set, in place of the one this wait left there before, which
    /// is handed out.
    fn register(&mut self, set: &mut WakerSet, is_head: bool, cx: &Context<'_>) -> Option<Waker> {
        let identity = Identity::of(cx);
        match &mut self.place {
            Some(place) if place.round == set.round => {
                if place.identity == identity {
                    return None;
                }
                place.identity = identity;
                let waker = &mut set.wakers[place.key as usize];
                Some(std::mem::replace(waker, cx.waker().clone()))
            }
            place => {
                let of_a_round_before = place.as_ref().is_some_and(|place| place.is_head);
                set.heads += usize::from(is_head);
                set.heads -= usize::from(of_a_round_before);
                let key = set.wakers.insert(cx.waker().clone());
                *place = Some(Place {
                    key: u32::try_from(key).expect("more tasks than memory has room for"),
                    round: set.round,
                    is_head,
                    identity,
                });
                None
            }
        }
    }

    fn leave(&mut self, set: &mut WakerSet) -> Option<Waker> {
        let place = self.place.take()?;
        set.heads -= usize::from(place.is_head);
        (place.round == set.round).then(|| set.wakers.remove(place.key as usize))
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
        dropping_the_last_waker(&|_| waiters.wake_all());
        assert!(lock(&waiters.0).wakers.is_empty());
    }
}
