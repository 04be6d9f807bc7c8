//! A small number for the calling thread, given in order of first use, to pick a shard by.

#[cfg(not(tower_plugin_loom))]
mod real {
    use std::cell::Cell;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Relaxed: only the number's uniqueness matters, it orders nothing.
    static NEXT: AtomicUsize = AtomicUsize::new(0);

    thread_local! {
        static NUMBER: Cell<usize> = const { Cell::new(usize::MAX) };
    }

    #[inline]
    pub(crate) fn number() -> usize {
        NUMBER
            .try_with(|number| match number.get() {
                usize::MAX => first(number),
                number => number,
            })
            .unwrap_or(0)
    }

    #[cold]
    fn first(number: &Cell<usize>) -> usize {
        number.set(NEXT.fetch_add(1, Ordering::Relaxed) & (usize::MAX >> 1));
        number.get()
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
