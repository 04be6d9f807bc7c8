use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use super::op::Task;

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        // Relaxed: read by the thread that made it wake.
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// The tasks from which one thing was polled, and how often each must have been woken.
#[derive(Default)]
pub(super) struct Waiter {
    tasks: Vec<(Arc<Woken>, usize)>,
    /// The task whose waker is registered.
    armed: Option<usize>,
}

impl Waiter {
    /// The waker to poll with.
    pub(super) fn waker(&mut self, task: Task) -> Waker {
        if matches!(task, Task::New) || self.tasks.is_empty() {
            self.tasks.push(Default::default());
        }
        let (last, _) = self.tasks.last().expect("one was just made");
        Waker::from(Arc::clone(last))
    }

    /// The poll has registered its task, in place of an earlier one.
    pub(super) fn arm(&mut self) {
        self.armed = self.tasks.len().checked_sub(1);
    }

    pub(super) fn is_armed(&self) -> bool {
        self.armed.is_some()
    }

    /// Nobody waits any more.
    pub(super) fn disarm(&mut self) {
        self.armed = None;
    }

    /// What it waits for has happened.
    pub(super) fn fire(&mut self) {
        if let Some(task) = self.armed.take() {
            self.tasks[task].1 += 1;
        }
    }

    pub(super) fn check(&self, what: &str) {
        for (woken, expected) in &self.tasks {
            let woken = woken.0.load(Ordering::Relaxed);
            assert_eq!(woken, *expected, "wake-ups of a task that waits for {what}");
        }
    }
}
