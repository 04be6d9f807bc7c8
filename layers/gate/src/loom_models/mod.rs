//! Models of the gate and the slot, run through every interleaving that loom finds.
//!
//! ```text
//! RUSTFLAGS="--cfg tower_plugin_loom" LOOM_MAX_PREEMPTIONS=3 \
//!     cargo test -p tower-plugin-gate --release --target-dir target/loom loom
//! ```

#![allow(clippy::unwrap_used, reason = "a model that panics fails")]

mod cancel;
mod counters;
mod drain;
mod hold;
mod near;
mod recycle;
mod request;
mod slot;
mod split;
mod track;

use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::thread;

use crate::Gate;

/// Runs `model`, of two threads, without a bound on how often one is preempted.
fn unbounded(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = None;
    builder.check(model);
}

/// Runs `model` with at most `LOOM_MAX_PREEMPTIONS` preemptions, 3 by default: without a bound it
/// would take hours.
fn bounded(model: impl Fn() + Send + Sync + 'static) {
    bounded_by(0, model);
}

/// As [`bounded`] with `more` preemptions, for what is small enough.
fn bounded_by(more: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(builder.preemption_bound.unwrap_or(3) + more);
    builder.check(model);
}

/// Something each request writes while it is inside and the drain reads afterwards. Loom fails
/// the model if one does not *happen before* the other.
struct Work(Vec<UnsafeCell<usize>>);

impl Work {
    #[allow(
        clippy::arc_with_non_send_sync,
        reason = "loom's threads take it, and loom looks for the races"
    )]
    fn new(workers: usize) -> Arc<Self> {
        Arc::new(Self((0..workers).map(|_| UnsafeCell::new(0)).collect()))
    }

    fn write(&self, worker: usize) {
        self.0[worker].with_mut(touch_mut);
    }

    fn read(&self) {
        for cell in &self.0 {
            cell.with(touch);
        }
    }
}

/// Loom notes the access itself; what the pointer leads to is of no interest.
fn touch(_: *const usize) {}

fn touch_mut(_: *mut usize) {}

/// A thread that goes in, works and leaves; it ends with whether it got in.
fn worker(gate: &Gate, work: &Arc<Work>, number: usize) -> thread::JoinHandle<bool> {
    let (gate, work) = (gate.clone(), Arc::clone(work));
    thread::spawn(move || {
        let permit = gate.enter();
        if permit.is_some() {
            work.write(number);
        }
        permit.is_some()
    })
}

fn join<T, const N: usize>(threads: [thread::JoinHandle<T>; N]) -> Vec<T> {
    let joined = threads.into_iter().map(thread::JoinHandle::join);
    joined.map(|ended| ended.expect("nobody panics")).collect()
}
