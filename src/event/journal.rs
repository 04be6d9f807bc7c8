use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tokio::sync::watch;

use super::{Event, EventKind, EventStream};
use crate::operation::Record;

/// The last events, numbered. Writers never wait for readers: a reader that falls behind further
/// than the journal reaches back is told how much it missed.
#[derive(Debug)]
pub(crate) struct Journal {
    log: Arc<Log>,
    /// Revision of the newest event. Closes with the journal, which is how readers learn that
    /// nothing more will come.
    newest: watch::Sender<u64>,
}

/// What writers and readers share.
#[derive(Debug)]
pub(super) struct Log {
    events: Mutex<VecDeque<Event>>,
    capacity: usize,
}

/// What a reader finds at a revision.
pub(super) enum Found {
    Event(Event),
    /// Gone: the oldest that is left has this revision.
    Passed(u64),
    /// The newest that there is has this revision, and yet an event after it is said to be known.
    Unheard(u64),
    NotYet,
}

impl Journal {
    pub(crate) fn new(capacity: usize) -> Arc<Self> {
        let log = Log {
            events: Mutex::default(),
            capacity: capacity.max(1),
        };
        Arc::new(Self {
            log: Arc::new(log),
            newest: watch::Sender::new(0),
        })
    }

    pub(crate) fn record(&self, kind: EventKind, plugin: &str, generation: u64, message: String) {
        self.record_part(None, kind, plugin, generation, message);
    }

    /// As `record`, of something that is part of an operation.
    pub(crate) fn record_part(
        &self,
        operation: Option<&Record>,
        kind: EventKind,
        plugin: &str,
        generation: u64,
        message: String,
    ) {
        let mut events = self.log.lock();
        // The revision is told under the lock, so that it never runs backwards.
        self.newest.send_modify(|newest| {
            *newest += 1;
            if events.len() == self.log.capacity {
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
                operation_id: operation.map(|record| record.id),
                actor: operation.and_then(|record| record.actor.clone()),
                reason: operation.and_then(|record| record.cause.clone()),
                message,
            });
        });
    }

    /// Events after `revision`; from now on with `None`.
    pub(crate) fn subscribe(&self, after: Option<u64>) -> EventStream {
        let newest = self.newest.subscribe();
        let after = after.unwrap_or_else(|| *newest.borrow());
        EventStream::new(Arc::clone(&self.log), newest, after)
    }
}

impl Log {
    pub(super) fn find(&self, revision: u64) -> Found {
        let events = self.lock();
        let oldest = events.front().map_or(1, |event| event.id);
        let next = events.back().map_or(1, |event| event.id + 1);
        match revision.checked_sub(oldest) {
            None => Found::Passed(oldest),
            Some(_) if revision > next => Found::Unheard(next - 1),
            Some(offset) => usize::try_from(offset)
                .ok()
                .and_then(|offset| events.get(offset))
                .map_or(Found::NotYet, |event| Found::Event(event.clone())),
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Event>> {
        // Whole after every step, so a panic elsewhere spoils nothing.
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
