use std::fmt;

use tokio::sync::watch;

use super::{Revision, StoreError, StoreFuture};

/// That the current config of a plugin was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreChange {
    /// Name of the plugin.
    pub plugin: String,
    /// When, in the order of the store's changes.
    pub revision: Revision,
}

impl StoreChange {
    /// A change.
    pub fn new(plugin: impl Into<String>, revision: Revision) -> Self {
        Self {
            plugin: plugin.into(),
            revision,
        }
    }
}

/// Changes of a store, in order.
pub trait ConfigChanges: fmt::Debug + Send {
    /// Once every change from now on is noticed when it happens, as when a shared store has
    /// answered. Cancel safe: asked again, it goes on. A store that knows by itself is ready at once.
    ///
    /// # Errors
    ///
    /// When not every change can be noticed. Those that can still are told by [`next`](Self::next).
    fn ready(&mut self) -> StoreFuture<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// The next change; waits for as long as there is none. Cancel safe.
    ///
    /// # Errors
    ///
    /// When not every change is noticed any more, or some may have been missed. Ask the store for
    /// the changes after the last that was told; if that revision is too old for it, load every
    /// config afresh. Until then this may be asked on: an error at once means that nothing is told.
    fn next(&mut self) -> StoreFuture<'_, StoreChange>;
}

/// The last change of every plugin, for whoever waits for one.
#[derive(Debug, Default)]
pub(super) struct ChangeLog {
    log: watch::Sender<Log>,
}

#[derive(Debug, Default)]
struct Log {
    newest: u64,
    /// Each plugin once, the one that changed last at the end.
    last: Vec<StoreChange>,
}

impl ChangeLog {
    /// The next revision, as that of a change to `plugin`.
    pub(super) fn record(&self, plugin: &str) -> Revision {
        let mut revision = Revision::ABSENT;
        self.log.send_modify(|log| {
            log.newest += 1;
            revision = Revision::new(log.newest);
            log.last.retain(|change| change.plugin != plugin);
            log.last.push(StoreChange::new(plugin, revision));
        });
        revision
    }

    pub(super) fn after(&self, after: Revision) -> Box<dyn ConfigChanges> {
        let log = self.log.subscribe();
        Box::new(Logged { log, after })
    }
}

#[derive(Debug)]
struct Logged {
    log: watch::Receiver<Log>,
    after: Revision,
}

impl ConfigChanges for Logged {
    fn next(&mut self) -> StoreFuture<'_, StoreChange> {
        Box::pin(async move {
            let after = self.after;
            let is_new = |change: &&StoreChange| change.revision > after;
            let found = self
                .log
                .wait_for(|log| log.last.iter().any(|change| is_new(&change)));
            let log = found.await.map_err(StoreError::unavailable)?;
            let change = log.last.iter().find(is_new).cloned();
            drop(log);
            let change = change.ok_or_else(|| StoreError::unavailable("no change"))?;
            self.after = change.revision;
            Ok(change)
        })
    }
}
