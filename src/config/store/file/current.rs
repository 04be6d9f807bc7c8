use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::OwnedMutexGuard;

use super::disk;
use crate::config::store::change::ChangeLog;
use crate::config::store::{ConfigChanges, Revision, StoreError};
use crate::config::{Format, alone};

/// The config that the bytes of a file are.
pub(super) fn config(path: &Path, bytes: &[u8]) -> Result<Value, StoreError> {
    let at = |error: StoreError| error.at_path("read", path);
    let config = Format::of(path).parse(bytes).map_err(at)?;
    if config.is_object() {
        Ok(config)
    } else {
        let error = StoreError::broken("a config must be a JSON object");
        Err(at(error))
    }
}

/// What was last found in each plugin's file. Files have no revisions, so they are given one
/// whenever something else is found.
#[derive(Debug, Default)]
pub(super) struct Seen {
    by_plugin: Mutex<BTreeMap<String, Arc<Last>>>,
    changes: ChangeLog,
}

#[derive(Debug, Default)]
struct Last {
    /// Held while the file is read, so that what was read first is noted first.
    found: Mutex<Option<(Content, Revision)>>,
    writing: Arc<tokio::sync::Mutex<()>>,
}

/// Held while a plugin's file is changed, until it is known whether the change stays.
pub(super) type Writing = OwnedMutexGuard<()>;

/// Enough of a file to tell whether it is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Absent,
    Bytes(u64, usize),
    Unreadable(u64),
}

impl Content {
    fn of(found: &io::Result<Option<Vec<u8>>>) -> Self {
        match found {
            Ok(None) => Self::Absent,
            Ok(Some(bytes)) => Self::Bytes(hash(bytes), bytes.len()),
            Err(error) => Self::Unreadable(hash(error.to_string())),
        }
    }
}

fn hash(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

impl Seen {
    fn last(&self, plugin: &str) -> Arc<Last> {
        let mut by_plugin = whole(&self.by_plugin);
        match by_plugin.get(plugin) {
            Some(last) => Arc::clone(last),
            None => Arc::clone(by_plugin.entry(plugin.to_owned()).or_default()),
        }
    }

    /// Waits until nobody changes the plugin's file. Only on a thread that may block.
    pub(super) fn wait_for_writing(&self, plugin: &str) -> Writing {
        Arc::clone(&self.last(plugin).writing).blocking_lock_owned()
    }

    /// Whether nobody does now.
    #[cfg(feature = "watch")]
    pub(super) fn is_at_rest(&self, plugin: &str) -> bool {
        self.last(plugin).writing.try_lock().is_ok()
    }

    /// Those whose files were ever looked for.
    #[cfg(feature = "watch")]
    pub(super) fn plugins(&self) -> std::collections::BTreeSet<String> {
        whole(&self.by_plugin).keys().cloned().collect()
    }

    pub(super) fn changes(&self, after: Revision) -> Box<dyn ConfigChanges> {
        self.changes.after(after)
    }
}

/// What a lock holds is whole after every step, so a panic elsewhere spoils nothing.
fn whole<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives what was just written to a plugin's file a revision. Whatever somebody else has put there
/// since has another.
pub(super) fn wrote(seen: &Seen, plugin: &str, bytes: &[u8]) -> Revision {
    let last = seen.last(plugin);
    let mut last = whole(&last.found);
    note(
        seen,
        plugin,
        &mut last,
        Content::Bytes(hash(bytes), bytes.len()),
    )
}

/// Reads the file at `path`, and gives what is found a revision.
pub(super) fn read(
    seen: &Seen,
    plugin: &str,
    path: &Path,
) -> (io::Result<Option<Vec<u8>>>, Revision) {
    let last = seen.last(plugin);
    let mut last = whole(&last.found);
    let found = alone(path).and_then(|()| disk::read(path));
    let revision = note(seen, plugin, &mut last, Content::of(&found));
    (found, revision)
}

/// The revision of what is in a plugin's file: a new one, if it is not what was last there.
fn note(
    seen: &Seen,
    plugin: &str,
    last: &mut Option<(Content, Revision)>,
    content: Content,
) -> Revision {
    let before = last.map_or(Content::Absent, |(before, _)| before);
    if before != content {
        *last = Some((content, seen.changes.record(plugin)));
    }
    match *last {
        Some((_, revision)) if content != Content::Absent => revision,
        _ => Revision::ABSENT,
    }
}
