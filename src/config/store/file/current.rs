use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

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
    by_plugin: Mutex<BTreeMap<String, (Content, Revision)>>,
    changes: ChangeLog,
}

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
    /// The revision of what was `found`.
    pub(super) fn note(&self, plugin: &str, found: &io::Result<Option<Vec<u8>>>) -> Revision {
        let content = Content::of(found);
        // Whole after every step, so a panic elsewhere spoils nothing.
        let seen = self.by_plugin.lock();
        let mut seen = seen.unwrap_or_else(PoisonError::into_inner);
        let before = seen.get(plugin);
        let is_new = before.map_or(content != Content::Absent, |(before, _)| *before != content);
        if is_new {
            let revision = self.changes.record(plugin);
            seen.insert(plugin.to_owned(), (content, revision));
        }
        match seen.get(plugin) {
            Some((_, revision)) if content != Content::Absent => *revision,
            _ => Revision::ABSENT,
        }
    }

    pub(super) fn changes(&self, after: Revision) -> Box<dyn ConfigChanges> {
        self.changes.after(after)
    }
}

/// Reads the file at `path` and notes what is found.
pub(super) fn read(
    seen: &Seen,
    plugin: &str,
    path: &Path,
) -> (io::Result<Option<Vec<u8>>>, Revision) {
    let found = alone(path).and_then(|()| disk::read(path));
    let revision = seen.note(plugin, &found);
    (found, revision)
}
