use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::PluginManager;
use super::manager::Inner;
use super::operation::{give, make_way};
use super::registry::Entry;
use crate::lifecycle::Request;
use crate::report::{RetryInfo, StoreWatch};
use crate::{
    Backoff, ConfigChanges, ConfigStore, EventKind, Operation, Revision, StoreChange, StoreError,
};

/// The longest pause between two attempts to have a store tell of changes again.
const LONGEST: Duration = Duration::from_secs(60);

/// Has plugins take up what is changed in the store beside the manager, until the guard is dropped.
/// Must be called within a runtime.
pub(super) fn watch(store: &Arc<dyn ConfigStore>, manager: Weak<Inner>) -> DropGuard {
    let ended = CancellationToken::new();
    let watcher = Watcher {
        store: Arc::clone(store),
        manager,
        waiting: Waiting::default(),
        backoff: Backoff::new().max(LONGEST),
        attempt: 0,
        at: None,
        failed: None,
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
    backoff: Backoff,
    /// Number of the attempt that is next, or was the last.
    attempt: u32,
    /// When the store is asked again.
    at: Option<Instant>,
    /// When it last failed.
    failed: Option<Instant>,
}

/// The plugins that are to be refreshed when their turn comes, and the last change of each. One that
/// waits already reads what is newest then, so each waits once at most.
#[derive(Debug, Clone, Default)]
struct Waiting(Arc<Mutex<BTreeMap<String, Revision>>>);

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Revision>> {
        // Whole after every step, so a panic elsewhere spoils nothing.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it does not wait yet.
    fn add(&self, change: &StoreChange) -> bool {
        let before = self.lock().insert(change.plugin.clone(), change.revision);
        before.is_none()
    }

    /// The last change of one that waits.
    fn newest(&self, plugin: &str) -> Revision {
        let newest = self.lock().get(plugin).copied();
        newest.unwrap_or(Revision::ABSENT)
    }
}

/// What a store tells.
enum Told {
    Ready,
    Change(StoreChange),
}

async fn hear(changes: &mut dyn ConfigChanges, is_ready: bool) -> Result<Told, StoreError> {
    if is_ready {
        changes.next().await.map(Told::Change)
    } else {
        changes.ready().await.map(|()| Told::Ready)
    }
}

impl Watcher {
    async fn run(mut self, mut changes: Box<dyn ConfigChanges>) {
        let mut told = Revision::ABSENT;
        let (mut is_ready, mut is_silent) = (false, false);
        let mut refreshing = JoinSet::new();
        loop {
            let heard = tokio::select! {
                heard = hear(&mut *changes, is_ready), if !is_silent => heard,
                Some(_) = refreshing.join_next() => continue,
                () = sleep_until(self.at.unwrap_or_else(Instant::now)), if self.at.is_some() => {
                    self.at = None;
                    changes = self.store.changes(told);
                    (is_ready, is_silent) = (false, false);
                    continue;
                }
            };
            match heard {
                Ok(Told::Ready) => {
                    is_ready = true;
                    self.restored();
                }
                Ok(Told::Change(change)) => {
                    is_silent = false;
                    told = change.revision;
                    if self.waiting.add(&change) {
                        let (manager, waiting) = (self.manager.clone(), self.waiting.clone());
                        refreshing.spawn(refresh(manager, waiting, change.plugin));
                    }
                }
                Err(error) => {
                    // It may still tell of some. Of one that fails on, nothing is expected.
                    is_silent = is_ready && self.at.is_some();
                    is_ready = true;
                    self.fail(&error);
                }
            }
        }
    }

    /// Has the store asked again after a pause, and says why.
    fn fail(&mut self, error: &StoreError) {
        let was_long_ago = |at: Instant| at.elapsed() > 2 * LONGEST;
        if self.failed.is_none_or(was_long_ago) {
            self.attempt = 0;
        }
        self.failed = Some(Instant::now());
        if self.at.is_none() {
            self.attempt = self.attempt.saturating_add(1);
            let pause = self.backoff.pause(self.attempt).unwrap_or(LONGEST);
            self.at = Some(Instant::now() + pause);
        }
        let next_at = self.at.map(|at| SystemTime::now() + (at - Instant::now()));
        let message = error.to_string();
        let retry = Some(RetryInfo {
            attempt: self.attempt,
            next_at,
        });
        // Why may be another each time, as where somebody else takes what the system has left.
        if self.show(false, Some(message.clone()), retry) {
            tracing::warn!(%error, "not every change in the store is noticed: it is asked again");
            self.event(EventKind::WatchFailed, message);
        }
    }

    fn restored(&self) {
        if self.show(true, None, None) && self.failed.is_some() {
            tracing::info!("changes in the store are noticed again");
            let message = "every change in the store is noticed again".to_owned();
            self.event(EventKind::WatchRestored, message);
        }
    }

    /// Whether it was otherwise before.
    fn show(&self, active: bool, message: Option<String>, retry: Option<RetryInfo>) -> bool {
        let Some(manager) = self.manager.upgrade() else {
            return false;
        };
        let mut shown = manager.store_watch();
        let before = shown.as_ref();
        let is_news = before.is_none_or(|was| was.active != active);
        let since = before
            .filter(|was| was.active == active)
            .map(|was| was.since);
        *shown = Some(StoreWatch {
            active,
            since: since.unwrap_or_else(SystemTime::now),
            message,
            retry,
        });
        is_news
    }

    fn event(&self, kind: EventKind, message: String) {
        if let Some(manager) = self.manager.upgrade() {
            manager.journal.record(kind, "", 0, message);
        }
    }
}

/// Has a plugin take up a change, unless it has seen that already: it made it, or was reloaded.
async fn refresh(manager: Weak<Inner>, waiting: Waiting, plugin: String) {
    let turn = turn(&manager, &waiting, &plugin).await;
    // Whatever is changed from now on is another change.
    waiting.lock().remove(&plugin);
    if let Some((manager, entry, turn)) = turn {
        // What came of it is told by the plugin itself, which tries again where that may help.
        let _ = give(&manager, &entry, Request::Refresh, turn).await;
    }
}

fn is_on_trial(entry: &Entry) -> bool {
    let under_way = entry.published.under_way();
    under_way.is_some_and(|record| record.is_on_trial())
}

async fn turn(
    manager: &Weak<Inner>,
    waiting: &Waiting,
    plugin: &str,
) -> Option<(PluginManager, Entry, tokio::sync::OwnedSemaphorePermit)> {
    let Some(entry) = manager.upgrade()?.plugins.get(plugin) else {
        tracing::info!(
            plugin,
            "a config was changed that is of no registered plugin"
        );
        return None;
    };
    // An edit comes before an attempt to start the plugin with what was there before.
    if entry.published.read(|snapshot| snapshot.stored) < waiting.newest(plugin)
        && !make_way(&entry, Operation::Refresh, None)
        && is_on_trial(&entry)
    {
        tracing::warn!(
            plugin,
            "the stored config was changed during a trial: it is taken up when that is decided"
        );
    }
    // The turn is asked for only when there is something to do, lest somebody else be refused.
    let seen = entry.published.at_rest().await;
    if seen >= waiting.newest(plugin) {
        return None;
    }
    let turn = Arc::clone(&entry.turn).acquire_owned().await.ok()?;
    if entry.published.read(|snapshot| snapshot.stored) >= waiting.newest(plugin) {
        return None;
    }
    let inner = manager.upgrade()?;
    Some((PluginManager { inner }, entry, turn))
}
