use std::ops::AddAssign;
use std::sync::atomic::{AtomicU8, Ordering};

/// What became of a plugin's requests, counted since its slot was made.
///
/// `admitted` is the sum of all others but `rejected`, and of those in flight. Each count wraps
/// around at 2⁶⁴, and none is ever reset.
///
/// ```
/// use tower_plugin_gate::{Generation, PluginState, Slot};
///
/// let slot = Slot::new("geo", PluginState::Loading);
/// assert!(slot.enter().is_err());
/// slot.open(Generation::new(1, ()));
/// slot.enter().expect("the slot is open").complete();
///
/// let counters = slot.counters();
/// assert_eq!((counters.admitted, counters.completed, counters.rejected), (1, 1, 1));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Let in.
    pub admitted: u64,
    /// Ran their course, and not with a failure: to the end of the body, to the last byte of the
    /// `content-length` in the head, or, after HEAD, to the head.
    pub completed: u64,
    /// Ended with an error, a status of 500 or above, or a gRPC status that blames the server.
    pub failed: u64,
    /// Turned away.
    pub rejected: u64,
    /// Left, or were cut off, because a drain's deadline had passed.
    pub cancelled: u64,
    /// Ended by a panic in the service behind.
    pub panicked: u64,
    /// Dropped before their end by whoever waited for them, as a client does that disconnects. One
    /// that gives up while it is [held](crate::OnClosed::Hold) was not let in, and is in no count.
    pub abandoned: u64,
}

impl AddAssign for Counters {
    fn add_assign(&mut self, other: Self) {
        let Self {
            admitted,
            completed,
            failed,
            rejected,
            cancelled,
            panicked,
            abandoned,
        } = other;
        self.admitted = self.admitted.wrapping_add(admitted);
        self.completed = self.completed.wrapping_add(completed);
        self.failed = self.failed.wrapping_add(failed);
        self.rejected = self.rejected.wrapping_add(rejected);
        self.cancelled = self.cancelled.wrapping_add(cancelled);
        self.panicked = self.panicked.wrapping_add(panicked);
        self.abandoned = self.abandoned.wrapping_add(abandoned);
    }
}

/// How a request left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Before its end. Whether that was because of a cancellation, the shard knows.
    Dropped = 0,
    Completed = 1,
    Failed = 2,
    Panicked = 3,
    /// Work without an end of its own, as a lease's: completed, unless there was a cancellation.
    Left = 4,
}

/// An [`Exit`] that can be changed by whoever shares it. Relaxed throughout: the holders of a
/// shared permit order their words by other means, its reference count last of all.
#[derive(Debug)]
pub(super) struct ExitCell(AtomicU8);

impl ExitCell {
    pub(super) fn new(exit: Exit) -> Self {
        Self(AtomicU8::new(exit as u8))
    }

    pub(super) fn set(&self, exit: Exit) {
        self.0.store(exit as u8, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> Exit {
        match self.0.load(Ordering::Relaxed) {
            1 => Exit::Completed,
            2 => Exit::Failed,
            3 => Exit::Panicked,
            4 => Exit::Left,
            _ => Exit::Dropped,
        }
    }
}
