//! Hooks that do the worst they can.

mod blocked;
mod ended;
mod mined;

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

/// Longer than anything here may take.
pub const LONG: Duration = Duration::from_secs(20);

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
