//! A value that is read far more often than it is changed.
//!
//! What is read is the newest value that the reader has heard of, not the newest there is: a
//! write *happens before* a read that sees it, and nothing more is promised.

#[cfg(not(tower_plugin_loom))]
mod real {
    use std::sync::Arc;

    use arc_swap::ArcSwap;

    pub(crate) struct Cell<T>(ArcSwap<T>);

    impl<T: Clone> Cell<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(ArcSwap::from_pointee(value))
        }

        pub(crate) fn with<R>(&self, read: impl FnOnce(&T) -> R) -> R {
            read(&self.0.load())
        }

        pub(crate) fn swap(&self, value: T) -> T {
            Arc::unwrap_or_clone(self.0.swap(Arc::new(value)))
        }
    }
}

#[cfg(tower_plugin_loom)]
mod model {
    use std::sync::{Arc, Mutex};

    use loom::sync::atomic::{AtomicUsize, Ordering};

    /// As the real one, by means that loom sees into: an index into all the values there ever
    /// were, so that a reader may get a stale one wherever the memory model allows it.
    pub(crate) struct Cell<T> {
        index: AtomicUsize,
        values: Mutex<Vec<Arc<T>>>,
    }

    impl<T: Clone> Cell<T> {
        pub(crate) fn new(value: T) -> Self {
            Self {
                index: AtomicUsize::new(0),
                values: Mutex::new(vec![Arc::new(value)]),
            }
        }

        fn get(&self, index: usize) -> Arc<T> {
            Arc::clone(&self.values.lock().expect("nobody panics")[index])
        }

        pub(crate) fn with<R>(&self, read: impl FnOnce(&T) -> R) -> R {
            read(&self.get(self.index.load(Ordering::Acquire)))
        }

        pub(crate) fn swap(&self, value: T) -> T {
            let next = {
                let mut values = self.values.lock().expect("nobody panics");
                values.push(Arc::new(value));
                values.len() - 1
            };
            T::clone(&self.get(self.index.swap(next, Ordering::AcqRel)))
        }
    }
}

#[cfg(tower_plugin_loom)]
pub(crate) use model::Cell;
#[cfg(not(tower_plugin_loom))]
pub(crate) use real::Cell;
