//! The primitives that threads share: std's, or loom's under the private cfg `tower_plugin_loom`.

mod cell;
mod thread;

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

pub(crate) use cell::Cell;
pub(crate) use thread::{number as thread_number, shards};

/// Locks, and goes on after a panic elsewhere: what these locks guard is whole after every step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
