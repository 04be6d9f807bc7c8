use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;
use tokio::runtime::Handle;

use super::current::{self, Writing};
use super::disk;
use super::put::TEMPORARY;
use super::store::Inner;
use crate::config::store::Revision;

/// A put that was made. Unless somebody [keeps](Self::keep) it, it is undone: they were told that it
/// was not, or are about to be.
pub(super) struct Made {
    pub(super) store: Arc<Inner>,
    pub(super) plugin: String,
    pub(super) path: PathBuf,
    /// The change of the current config, if there was one.
    pub(super) config: Option<Change>,
    /// The entry of the history, if it is there.
    pub(super) entry: Option<PathBuf>,
    pub(super) revision: Revision,
    /// Until then nobody else changes the file, or reads it to go by it. `None` once it is kept.
    pub(super) writing: Option<Writing>,
}

pub(super) struct Change {
    /// What was in the file, if it was there.
    pub(super) before: Option<Vec<u8>>,
    pub(super) after: Value,
}

impl Made {
    pub(super) fn keep(mut self) -> Revision {
        self.writing = None;
        self.revision
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        let Some(writing) = self.writing.take() else {
            return;
        };
        let (store, plugin) = (Arc::clone(&self.store), std::mem::take(&mut self.plugin));
        let (path, entry) = (std::mem::take(&mut self.path), self.entry.take());
        let config = self.config.take();
        let undo = move || {
            let undone = undo(&store, &path, config, entry);
            let _ = current::read(&store.seen, &plugin, &path);
            let path = path.display();
            match undone {
                Ok(false) => {}
                Ok(true) => {
                    tracing::warn!(plugin, %path, "undone: nobody was told that it was written");
                }
                Err(error) => {
                    let message = "it was written though that was reported as failed, and cannot \
                                   be undone: what is there is taken up when it is next read";
                    tracing::error!(plugin, %path, %error, message);
                }
            }
            drop(writing);
        };
        // It may be dropped where nobody may block.
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(undo)),
            Err(_) => undo(),
        }
    }
}

/// Whether there was something to undo. What somebody else has put there since stays.
fn undo(
    store: &Inner,
    path: &std::path::Path,
    config: Option<Change>,
    entry: Option<PathBuf>,
) -> io::Result<bool> {
    let mut is_undone = entry.is_some();
    if let Some(Change { before, after }) = config {
        let there = disk::read(path)?;
        let there = there.and_then(|bytes| current::config(path, &bytes).ok());
        if there.as_ref() == Some(&after) {
            put_back(store, path, before)?;
            is_undone = true;
        }
    }
    // After the config: `recover` would not know it otherwise.
    if let Some(entry) = entry {
        fs::remove_file(entry)?;
    }
    Ok(is_undone)
}

fn put_back(store: &Inner, path: &std::path::Path, before: Option<Vec<u8>>) -> io::Result<()> {
    match before {
        None => fs::remove_file(path)?,
        Some(bytes) => {
            let permissions = fs::metadata(path).map(|is| is.permissions()).ok();
            let file = disk::write(&store.dir, TEMPORARY, &bytes, permissions)?;
            file.persist(path)?;
        }
    }
    disk::sync(&store.dir)
}
