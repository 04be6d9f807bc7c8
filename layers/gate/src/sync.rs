//! The primitives that threads share: std's, or loom's under the private cfg `tower_plugin_loom`.

#[cfg(not(tower_plugin_loom))]
pub(crate) use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};

#[cfg(tower_plugin_loom)]
pub(crate) use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};

/// Locks, and goes on after a panic elsewhere: what these locks guard is whole after every step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(not(tower_plugin_loom))]
mod thread {
    use std::cell::Cell;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Relaxed: only the number's uniqueness matters, it orders nothing.
    static NEXT: AtomicUsize = AtomicUsize::new(0);

    thread_local! {
        static NUMBER: Cell<usize> = const { Cell::new(usize::MAX) };
    }

    /// A small number for the calling thread, given in order of first use.
    pub(crate) fn number() -> usize {
        NUMBER
            .try_with(|number| {
                if number.get() == usize::MAX {
                    number.set(NEXT.fetch_add(1, Ordering::Relaxed) & (usize::MAX >> 1));
                }
                number.get()
            })
            .unwrap_or(0)
    }

    /// How many shards a gate has: one a core, a power of two, at most 16.
    pub(crate) fn shards() -> usize {
        use std::sync::OnceLock;
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
mod thread {
    use std::cell::Cell;

    loom::lazy_static! {
        static ref NEXT: loom::sync::atomic::AtomicUsize = loom::sync::atomic::AtomicUsize::new(0);
    }

    loom::thread_local! {
        static NUMBER: Cell<usize> = Cell::new(usize::MAX);
    }

    pub(crate) fn number() -> usize {
        NUMBER.with(|number| {
            if number.get() == usize::MAX {
                number.set(NEXT.fetch_add(1, loom::sync::atomic::Ordering::Relaxed));
            }
            number.get()
        })
    }

    pub(crate) fn shards() -> usize {
        2
    }
}

pub(crate) use thread::{number as thread_number, shards};
