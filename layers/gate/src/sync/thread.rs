//! A small number for the calling thread, to pick a shard by: the smallest that no other thread
//! has at its first use, so that threads that come and go do not have those that stay share one.

#[cfg(not(tower_plugin_loom))]
mod real {
    use std::cell::Cell;
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;
    use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

    static NUMBERS: Mutex<Numbers> = Mutex::new(Numbers {
        used: 0,
        free: BinaryHeap::new(),
    });

    /// All those below `used` are given, but for those that are free again.
    struct Numbers {
        used: usize,
        free: BinaryHeap<Reverse<usize>>,
    }

    impl Numbers {
        fn lock() -> MutexGuard<'static, Self> {
            NUMBERS.lock().unwrap_or_else(PoisonError::into_inner)
        }

        fn take(&mut self) -> usize {
            if let Some(Reverse(number)) = self.free.pop() {
                return number;
            }
            self.used += 1;
            self.used - 1
        }
    }

    /// Gives its number back as the thread ends.
    struct Given(usize);

    impl Drop for Given {
        fn drop(&mut self) {
            Numbers::lock().free.push(Reverse(self.0));
        }
    }

    thread_local! {
        /// Apart from what gives it back: what need not be dropped is read by one load.
        static NUMBER: Cell<usize> = const { Cell::new(usize::MAX) };
        static GIVEN: Cell<Option<Given>> = const { Cell::new(None) };
    }

    #[inline]
    pub(crate) fn number() -> usize {
        NUMBER.with(|number| match number.get() {
            usize::MAX => first(number),
            number => number,
        })
    }

    #[cold]
    fn first(number: &Cell<usize>) -> usize {
        let given = Numbers::lock().take();
        number.set(given);
        // Of a thread that is ending it stays taken: another may have it once this one is gone.
        let _ = GIVEN.try_with(|own| own.set(Some(Given(given))));
        given
    }

    /// How many shards a gate has: one a core, a power of two, at most 16.
    pub(crate) fn shards() -> usize {
        static SHARDS: OnceLock<usize> = OnceLock::new();
        *SHARDS.get_or_init(|| {
            std::thread::available_parallelism()
                .map_or(1, usize::from)
                .next_power_of_two()
                .min(16)
        })
    }
}

#[cfg(all(test, not(tower_plugin_loom)))]
mod tests {
    use super::number;

    #[test]
    fn number_stays_and_is_given_again_once_its_thread_has_ended() {
        let numbers = || std::thread::spawn(|| (number(), number())).join();
        let given: Vec<_> = (0..100)
            .map(|_| numbers().expect("nobody panics"))
            .collect();
        assert!(given.iter().all(|(first, second)| first == second));
        let most = given.iter().map(|(number, _)| *number).max();
        // Other tests have threads of their own.
        assert!(most.is_some_and(|most| most < 100), "{most:?}");
    }
}

#[cfg(tower_plugin_loom)]
mod model {
    use std::cell::Cell;

    use loom::sync::atomic::{AtomicUsize, Ordering};

    loom::lazy_static! {
        static ref NEXT: AtomicUsize = AtomicUsize::new(0);
    }

    loom::thread_local! {
        static NUMBER: Cell<usize> = Cell::new(usize::MAX);
    }

    pub(crate) fn number() -> usize {
        NUMBER.with(|number| {
            if number.get() == usize::MAX {
                number.set(NEXT.fetch_add(1, Ordering::Relaxed));
            }
            number.get()
        })
    }

    pub(crate) fn shards() -> usize {
        1
    }
}

#[cfg(tower_plugin_loom)]
pub(crate) use model::{number, shards};
#[cfg(not(tower_plugin_loom))]
pub(crate) use real::{number, shards};
