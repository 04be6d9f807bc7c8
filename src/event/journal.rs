use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tokio::sync::watch;

use super::{Event, EventKind, EventStream};

/// The last events, numbered. Writers never wait for readers: a reader that falls behind further
/// than the journal reaches back is told how much it missed.
#[derive(Debug)]
pub(crate) struct Journal {
    events: Mutex<VecDeque<Event>>,
    capacity: usize,
    /// Revision of the newest event.
    newest: watch::Sender<u64>,
}

/// What a reader finds at a revision.
pub(super) enum Found {
    Event(Event),
    /// Gone: the oldest that is left has this revision.
    Passed(u64),
    NotYet,
}

impl Journal {
    pub(crate) fn new(capacity: usize) -> Arc<Self> {
        let newest = watch::Sender::new(0);
        Arc::new(Self {
            events: Mutex::default(),
            capacity: capacity.max(1),
            newest,
        })
    }

    pub(crate) fn record(&self, kind: EventKind, plugin: &str, generation: u64, message: String) {
        let mut events = self.lock();
        // The revision is told under the lock, so that it never runs backwards.
        self.newest.send_modify(|newest| {
            *newest += 1;
            if events.len() == self.capacity {
                events.pop_front();
            }
            let (id, time) = (*newest, SystemTime::now());
            let plugin = plugin.to_owned();
            events.push_back(Event {
                id,
                time,
                kind,
                plugin,
                generation,
                message,
            });
        });
    }

    pub(super) fn find(&self, revision: u64) -> Found {
        let events = self.lock();
        let oldest = events.front().map_or(1, |event| event.id);
        match revision.checked_sub(oldest) {
            None => Found::Passed(oldest),
            Some(offset) => usize::try_from(offset)
                .ok()
                .and_then(|offset| events.get(offset))
                .map_or(Found::NotYet, |event| Found::Event(event.clone())),
        }
    }

    /// Events after `revision`; from now on with `None`.
    pub(crate) fn subscribe(self: &Arc<Self>, after: Option<u64>) -> EventStream {
        let watch = self.newest.subscribe();
        let after = after.unwrap_or_else(|| *watch.borrow());
        EventStream::new(self, watch, after)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Event>> {
        // Whole after every step, so a panic elsewhere spoils nothing.
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
