use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::PluginManager;
use super::manager::Inner;
use super::operation::{give, make_way};
use crate::lifecycle::Request;
use crate::{ConfigChanges, ConfigStore, Operation, Revision, StoreChange};

/// Between two attempts to have a store tell of changes again.
const RETRY: Duration = Duration::from_secs(5);

/// Has plugins take up what is changed in the store beside the manager, until the guard is dropped.
/// Must be called within a runtime.
pub(super) fn watch(store: &Arc<dyn ConfigStore>, manager: Weak<Inner>) -> DropGuard {
    let ended = CancellationToken::new();
    let watcher = Watcher {
        store: Arc::clone(store),
        manager,
        waiting: Waiting::default(),
    };
    let changes = store.changes(Revision::ABSENT);
    let until = ended.clone();
    tokio::spawn(async move { until.run_until_cancelled(watcher.run(changes)).await });
    ended.drop_guard()
}

struct Watcher {
    store: Arc<dyn ConfigStore>,
    manager: Weak<Inner>,
    waiting: Waiting,
}

/// The plugins that are to be refreshed when their turn comes. One that waits already reads what
/// is newest then, so each waits once at most.
#[derive(Debug, Clone, Default)]
struct Waiting(Arc<Mutex<BTreeSet<String>>>);

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        // Whole after every step, so a panic elsewhere spoils nothing.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher {
    async fn run(self, mut changes: Box<dyn ConfigChanges>) {
        let mut told = Revision::ABSENT;
        let mut refreshing = JoinSet::new();
        loop {
            let change = tokio::select! {
                change = changes.next() => change,
                Some(_) = refreshing.join_next() => continue,
            };
            match change {
                Ok(change) => {
                    told = change.revision;
                    if self.waiting.lock().insert(change.plugin.clone()) {
                        let (manager, waiting) = (self.manager.clone(), self.waiting.clone());
                        refreshing.spawn(refresh(manager, waiting, change));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the store tells of no changes: asking it again");
                    tokio::time::sleep(RETRY).await;
                    changes = self.store.changes(told);
                }
            }
        }
    }
}

/// Has a plugin take up a change, unless it has seen that already: it made it, or was reloaded.
async fn refresh(manager: Weak<Inner>, waiting: Waiting, change: StoreChange) {
    let turn = turn(&manager, &change).await;
    // Whatever is changed from now on is another change.
    waiting.lock().remove(&change.plugin);
    if let Some((manager, entry, turn)) = turn {
        // What came of it is told by the plugin itself.
        let _ = give(&manager, &entry, Request::Refresh, turn).await;
    }
}

async fn turn(
    manager: &Weak<Inner>,
    change: &StoreChange,
) -> Option<(
    PluginManager,
    super::registry::Entry,
    tokio::sync::OwnedSemaphorePermit,
)> {
    let entry = manager.upgrade()?.plugins.get(&change.plugin)?;
    // An edit comes before an attempt to start the plugin with what was there before.
    if entry.published.read(|snapshot| snapshot.stored) < change.revision {
        make_way(&entry, Operation::Refresh, None);
    }
    // The turn is asked for only when there is something to do, lest somebody else be refused.
    let seen = entry.published.at_rest().await;
    if seen >= change.revision {
        return None;
    }
    let turn = Arc::clone(&entry.turn).acquire_owned().await.ok()?;
    if entry.published.read(|snapshot| snapshot.stored) >= change.revision {
        return None;
    }
    let inner = manager.upgrade()?;
    Some((PluginManager { inner }, entry, turn))
}
