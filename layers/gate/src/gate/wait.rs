use std::task::{Context, Waker};

use slab::Slab;

/// The tasks to wake when something happens, each under a key so that it can leave again.
#[derive(Debug, Default)]
pub(crate) struct WakerSet {
    wakers: Slab<Waker>,
    /// How often the set was emptied: a key is only good for the round it was given in.
    round: usize,
}

impl WakerSet {
    /// Takes every waker out; they are to be woken after the lock around the set is released.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = Waker> + use<> {
        self.round = self.round.wrapping_add(1);
        std::mem::take(&mut self.wakers)
            .into_iter()
            .map(|(_, waker)| waker)
    }
}

/// One task's place in a [`WakerSet`].
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

    /// Whether there may be anything to leave.
    pub(crate) fn is_registered(&self) -> bool {
        self.place.is_some()
    }

    /// Puts the task's waker into the set, in place of the one this wait left there before.
    pub(crate) fn register(&mut self, set: &mut WakerSet, cx: &Context<'_>) {
        let identity = identity(cx);
        match &mut self.place {
            Some(place) if place.round == set.round => {
                cx.waker().clone_into(&mut set.wakers[place.key]);
                place.identity = identity;
            }
            place => {
                let key = set.wakers.insert(cx.waker().clone());
                *place = Some(Place {
                    key,
                    round: set.round,
                    identity,
                });
            }
        }
    }

    /// Takes the task's waker out of the set.
    pub(crate) fn leave(&mut self, set: &mut WakerSet) {
        if let Some(place) = self.place.take() {
            if place.round == set.round {
                set.wakers.remove(place.key);
            }
        }
    }
}

#[cfg(all(test, not(tower_plugin_loom)))]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
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
        let (mut set, mut wait) = (WakerSet::default(), Wait::default());
        wait.register(&mut set, &Context::from_waker(&old_waker));
        assert!(wait.is_current(&Context::from_waker(&old_waker)));
        wait.register(&mut set, &Context::from_waker(&new_waker));
        assert!(!wait.is_current(&Context::from_waker(&old_waker)));
        set.take().for_each(Waker::wake);
        assert_eq!(old.0.load(Ordering::SeqCst), 0);
        assert_eq!(new.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn place_of_an_earlier_round_never_touches_a_later_one() {
        let (_, first_waker) = task();
        let (second, second_waker) = task();
        let mut set = WakerSet::default();
        let (mut first_wait, mut second_wait) = (Wait::default(), Wait::default());
        first_wait.register(&mut set, &Context::from_waker(&first_waker));
        set.take().for_each(Waker::wake);
        second_wait.register(&mut set, &Context::from_waker(&second_waker));
        first_wait.leave(&mut set);
        set.take().for_each(Waker::wake);
        assert_eq!(
            second.0.load(Ordering::SeqCst),
            1,
            "the second task is still registered"
        );
    }
}
