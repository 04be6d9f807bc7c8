use std::fs::{self, Permissions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::NamedTempFile;

use super::made::{Change, Made};
use super::store::Inner;
use super::{current, disk, history};
use crate::config::store::{PreparedPut, Put, Revision, StoreError, StoreFuture};
use crate::config::{Format, alone};

/// How the current config's file is called while it is not yet one.
pub(super) const TEMPORARY: &str = ".config-";

/// A version on disk, with nothing but two renames left to do.
pub(super) struct Prepared {
    store: Arc<Inner>,
    plugin: String,
    path: PathBuf,
    history: PathBuf,
    put: Put,
    /// The current config, where it is to be changed, and as what.
    config: Option<(NamedTempFile, String)>,
    /// The entry of the history.
    pending: NamedTempFile,
    /// Set once nobody waits for the commit any more.
    abandoned: Arc<AtomicBool>,
}

/// Writes everything down, under names that mean nothing yet.
pub(super) fn prepare(store: Arc<Inner>, plugin: String, put: Put) -> Result<Prepared, StoreError> {
    let (path, history) = (store.path(&plugin), store.history(&plugin));
    // What is half done is not known yet.
    let writing = store.seen.wait_for_writing(&plugin);
    let (before, _) = found(&store, &plugin, &put)?;
    drop(writing);
    let write = |error: io::Error| StoreError::unavailable(error).at_path("write", &path);

    if put.is_current {
        alone(&path).map_err(write)?;
    }
    create_dirs(&store.dir, &history).map_err(write)?;
    let mode = permissions(&path, put.is_secret);
    let bytes = history::encode(&put.version);
    let pending = disk::write(&history, history::PENDING, &bytes, mode.clone()).map_err(write)?;
    store.pass(&plugin, "version-written");
    let is_other = || {
        let before = before.and_then(|bytes| current::config(&path, &bytes).ok());
        before.as_ref() != Some(&put.version.config)
    };
    let config = if put.is_current && is_other() {
        let text = Format::of(&path).write(&put.version.config)?;
        let file = disk::write(&store.dir, TEMPORARY, text.as_bytes(), mode).map_err(write)?;
        Some((file, text))
    } else {
        None
    };
    Ok(Prepared {
        store,
        plugin,
        path,
        history,
        put,
        config,
        pending,
        abandoned: Arc::default(),
    })
}

/// Makes the directory of a history. That of the store is not made: it has to be there.
fn create_dirs(store: &Path, history: &Path) -> io::Result<()> {
    if history.is_dir() {
        return Ok(());
    }
    for dir in [history.parent().unwrap_or(store), history] {
        match fs::create_dir(dir) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => disk::sync(dir.parent().unwrap_or(store))?,
        }
    }
    Ok(())
}

/// What is in the current config's file, and its revision, if that is what the put expects.
fn found(
    store: &Inner,
    plugin: &str,
    put: &Put,
) -> Result<(Option<Vec<u8>>, Revision), StoreError> {
    let path = store.path(plugin);
    let (found, revision) = current::read(&store.seen, plugin, &path);
    if put.expected.is_some_and(|expected| expected != revision) {
        return Err(StoreError::conflict(revision).at_path("write", &path));
    }
    match found {
        Ok(found) => Ok((found, revision)),
        // Whatever is in the way stays; a file that is too large, or not readable, is replaced.
        Err(error) if put.is_current && fs::metadata(&path).is_ok_and(|is| !is.is_file()) => {
            Err(StoreError::unavailable(error).at_path("write", &path))
        }
        Err(_) => Ok((None, revision)),
    }
}

/// Those of the file that is replaced, but never more than the owner's for a secret.
fn permissions(path: &Path, is_secret: bool) -> Option<Permissions> {
    if is_secret {
        return None;
    }
    let before = fs::metadata(path).map(|before| before.permissions());
    before.ok().or_else(disk::readable)
}

impl Prepared {
    fn commit(self) -> Result<Made, StoreError> {
        let Self {
            store,
            plugin,
            path,
            history,
            put,
            config,
            pending,
            abandoned,
        } = self;
        let write = |error: io::Error| StoreError::unavailable(error).at_path("write", &path);
        store.pass(&plugin, "beginning");
        let writing = store.seen.wait_for_writing(&plugin);
        let (before, revision) = found(&store, &plugin, &put)?;
        // Acquire: pairs with the store where the future is dropped. Whoever gives up after this
        // has it undone.
        if abandoned.load(Ordering::Acquire) {
            return Err(write(io::Error::other("nobody waits for it any more")));
        }
        store.pass(&plugin, "committing");
        let mut made = Made {
            store: Arc::clone(&store),
            plugin: plugin.clone(),
            path: path.clone(),
            config: None,
            entry: None,
            revision,
            writing: Some(writing),
        };
        if let Some((config, text)) = config {
            config.persist(&path).map_err(|error| write(error.error))?;
            made.config = Some(Change {
                before,
                after: put.version.config,
            });
            store.pass(&plugin, "renamed");
            // Dropped, what was made is undone.
            disk::sync(&store.dir).map_err(write)?;
            store.pass(&plugin, "synced");
            made.revision = current::wrote(&store.seen, &plugin, text.as_bytes());
        }
        // It is the current config now. What follows can be made up for: by `recover`.
        let entry = history::path(&history, put.version.version.number());
        match pending.persist(&entry) {
            Ok(_) => made.entry = Some(entry),
            Err(error) if put.is_current => {
                tracing::warn!(error = %error.error, "not yet in the history");
                // Kept for whoever loads it next.
                let _ = error.file.keep();
            }
            Err(error) => return Err(write(error.error)),
        }
        store.pass(&plugin, "recorded");
        let tidied =
            disk::sync(&history).and_then(|()| history::prune(&history, put.history_limit));
        if let Err(error) = tidied {
            tracing::warn!(%error, "the history could not be tidied up");
        }
        store.pass(&plugin, "pruned");
        // What was edited since is another change, which nobody else has looked for meanwhile.
        let _ = current::read(&store.seen, &plugin, &path);
        Ok(made)
    }
}

/// Says so when nobody waits any more.
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        // Release: pairs with the load in `commit`.
        self.0.store(true, Ordering::Release);
    }
}

impl PreparedPut for Prepared {
    fn commit(self: Box<Self>) -> StoreFuture<'static, Revision> {
        let waiting = Waiting(Arc::clone(&self.abandoned));
        Box::pin(async move {
            // Where this is dropped, so is what was made, whenever that comes to be.
            let made = super::store::blocking(move || Prepared::commit(*self)).await;
            drop(waiting);
            made.map(Made::keep)
        })
    }
}
