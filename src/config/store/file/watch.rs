use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};

use super::put::TEMPORARY;
use super::store::{HISTORY, Inner, blocking};
use crate::config::plugin_of;
use crate::config::store::{ConfigChanges, StoreChange, StoreError, StoreFuture};

/// An edit is over when nothing more happens for this long: editors write in several steps.
const QUIET: Duration = Duration::from_millis(100);

/// But when something happens all the time, what there is is looked at after this.
const LONGEST: Duration = Duration::from_secs(1);

/// Changes of the files in the directory.
#[derive(Debug)]
pub(super) struct Watched {
    store: Arc<Inner>,
    told: Box<dyn ConfigChanges>,
    touched: Arc<Touched>,
    /// Stops when it is dropped.
    watcher: Result<RecommendedWatcher, notify::Error>,
}

/// What may have changed since it was last looked at.
#[derive(Debug, Default)]
struct Touched {
    what: Mutex<What>,
    again: Notify,
}

#[derive(Debug)]
enum What {
    Plugins(BTreeSet<String>),
    Anything,
}

impl Default for What {
    fn default() -> Self {
        Self::Plugins(BTreeSet::new())
    }
}

impl Watched {
    pub(super) fn new(store: Arc<Inner>, told: Box<dyn ConfigChanges>) -> Self {
        let touched = Arc::<Touched>::default();
        let report = Arc::clone(&touched);
        let watcher = notify::recommended_watcher(move |event| report.note(event));
        let watcher = watcher.and_then(|mut watcher| {
            watcher.watch(&store.dir, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        // What was changed before it was watched.
        *touched.lock() = What::Anything;
        touched.again.notify_one();
        Self {
            store,
            told,
            touched,
            watcher,
        }
    }
}

/// Until files that were touched have been looked at, and what was found is on record.
async fn look(touched: &Arc<Touched>, store: &Arc<Inner>) -> Result<(), StoreError> {
    while touched.is_empty() {
        touched.again.notified().await;
    }
    let latest = Instant::now() + LONGEST;
    loop {
        let more = timeout(QUIET, touched.again.notified());
        if !matches!(timeout_at(latest, more).await, Ok(Ok(()))) {
            break;
        }
    }
    // Taken on the thread that looks: once it does, it looks to the end.
    let (touched, store) = (Arc::clone(touched), Arc::clone(store));
    blocking(move || {
        let looked = match touched.take() {
            What::Plugins(names) => {
                store.look_at(&names);
                Ok(())
            }
            What::Anything => store.look(),
        };
        looked.map_err(|error| StoreError::from(error).at_path("read", &store.dir))
    })
    .await
}

impl ConfigChanges for Watched {
    fn next(&mut self) -> StoreFuture<'_, StoreChange> {
        Box::pin(async move {
            if let Err(error) = &self.watcher {
                let error = StoreError::unavailable(error.to_string());
                return Err(error.at_path("watch", &self.store.dir));
            }
            loop {
                tokio::select! {
                    biased;
                    change = self.told.next() => return change,
                    looked = look(&self.touched, &self.store) => looked?,
                }
            }
        })
    }
}

impl Touched {
    fn lock(&self) -> MutexGuard<'_, What> {
        // Whole after every step, so a panic elsewhere spoils nothing.
        self.what.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_empty(&self) -> bool {
        matches!(&*self.lock(), What::Plugins(names) if names.is_empty())
    }

    fn take(&self) -> What {
        std::mem::take(&mut *self.lock())
    }

    fn note(&self, event: notify::Result<Event>) {
        let event = match event {
            Ok(event) if !event.need_rescan() => event,
            // Some were lost.
            _ => return self.touch(What::Anything),
        };
        if matches!(event.kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write))
        {
            return;
        }
        for path in &event.paths {
            if let Some(what) = what(path) {
                self.touch(what);
            }
        }
    }

    fn touch(&self, more: What) {
        {
            let mut what = self.lock();
            match (&mut *what, more) {
                (What::Plugins(names), What::Plugins(more)) => names.extend(more),
                (what, _) => *what = What::Anything,
            }
        }
        self.again.notify_one();
    }
}

/// What a touched path may have changed.
fn what(path: &Path) -> Option<What> {
    let name = path.file_name()?.to_str().unwrap_or_default();
    if name.starts_with(TEMPORARY) || name == HISTORY {
        return None;
    }
    match plugin_of(name) {
        Some(plugin) => Some(What::Plugins([plugin.to_owned()].into())),
        // As `..data`, which a mounted ConfigMap has in place of its files.
        _ => Some(What::Anything),
    }
}
