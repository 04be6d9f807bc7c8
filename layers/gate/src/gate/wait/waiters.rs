use std::task::{Context, Waker};

use slab::Slab;

use super::wait::{Identity, Place};
use super::{Key, Wait};
use crate::RequestPhase;
use crate::sync::{Mutex, lock};

/// The tasks to wake when something happens.
///
/// Wakers are woken and dropped outside the lock: dropping the last waker of a task may drop the
/// task itself, and with it somebody who leaves this very list.
#[derive(Debug, Default)]
pub(crate) struct Waiters(pub(super) Mutex<Places>);

#[derive(Debug, Default)]
pub(super) struct Places {
    /// A place is kept until who has it leaves, woken or not.
    pub(super) wakers: Slab<Option<Waker>>,
    /// How many have one who wait for their head.
    pub(super) heads: usize,
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
