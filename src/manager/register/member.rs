use std::fmt;
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use crate::lifecycle::Request;
use crate::manager::operation::Asked;
use crate::manager::registry::Entry;
use crate::{EventKind, PluginManager};

/// A plugin whose task does not run yet. Dropped, nothing comes of it, and its handle rejects.
pub(in crate::manager) struct Member {
    entry: Entry,
    first_turn: OwnedSemaphorePermit,
    task: Box<dyn FnOnce() + Send>,
}

impl Member {
    pub(super) fn new(
        entry: Entry,
        first_turn: OwnedSemaphorePermit,
        task: impl FnOnce() + Send + 'static,
    ) -> Self {
        Self {
            entry,
            first_turn,
            task: Box::new(task),
        }
    }

    pub(in crate::manager) fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Starts the task of a plugin that is registered, and waits for the plugin's own start.
    pub(in crate::manager) async fn launch(self, manager: &PluginManager) {
        let Self {
            entry,
            first_turn,
            task,
        } = self;
        let name = &entry.published.name;
        let asked = Asked::in_turn(manager, &entry, Request::Register, first_turn);
        let (record, message) = (Arc::clone(asked.record()), "registered".to_owned());
        let journal = &manager.inner.journal;
        journal.record_part(Some(&record), EventKind::Registered, name, 0, message);
        task();
        manager.watch_store();
        asked.give();
        // A failed start is told by the handle's state.
        let _ = record.answer().await;
    }
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.entry.published.name;
        f.debug_tuple("Member").field(name).finish()
    }
}
