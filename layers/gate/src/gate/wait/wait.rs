use std::task::{Context, RawWakerVTable};

use super::Key;

/// One task's place in [`Waiters`].
#[derive(Debug, Default)]
pub(crate) struct Wait {
    pub(super) place: Option<Place>,
}

#[derive(Debug)]
pub(super) struct Place {
    pub(super) key: Key,
    pub(super) is_head: bool,
    pub(super) identity: Identity,
}

/// Addresses of a waker's data and of its table. The list's own clone keeps both alive, so an
/// equal pair is the same task.
#[derive(Debug)]
pub(super) struct Identity {
    data: usize,
    table: &'static RawWakerVTable,
}

impl Identity {
    #[inline]
    pub(super) fn of(cx: &Context<'_>) -> Self {
        let waker = cx.waker();
        Self {
            data: waker.data() as usize,
            table: waker.vtable(),
        }
    }
}

impl PartialEq for Identity {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.data == other.data && std::ptr::eq(self.table, other.table)
    }
}

impl Wait {
    #[inline]
    pub(crate) fn is_registered(&self) -> bool {
        self.place.is_some()
    }

    /// Whether this task's waker was the last one registered. It says nothing of whether that was
    /// woken since: only for what happens once, behind a flag the caller checks.
    #[inline]
    pub(crate) fn is_current(&self, cx: &Context<'_>) -> bool {
        self.place
            .as_ref()
            .is_some_and(|place| place.identity == Identity::of(cx))
    }
}
