#[cfg(feature = "watch")]
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::current::{self, Seen};
use super::{disk, history, put};
use crate::config::store::{
    ConfigChanges, ConfigStore, PreparedPut, Put, Revision, StoreError, StoreFuture, StoredConfig,
    StoredVersion,
};
use crate::plugin::is_name;

/// Where the versions are, in the directory.
pub(super) const HISTORY: &str = ".history";

/// Configs as files in a directory, which an operator can read, edit, compare and back up: what a
/// manager with a [`plugin_dir`](crate::PluginManagerBuilder::plugin_dir) keeps them in.
///
/// | file | is |
/// | --- | --- |
/// | `<name>.json` | the current config of the plugin, and nothing else |
/// | `<name>.toml`, `<name>.yaml`, `<name>.yml` | the same, with the features `toml` and `yaml`; a plugin has one of them |
/// | `.history/<name>/<version>.json` | a version that was applied: `version`, `etag`, `time` (seconds since 1970), `actor`, `cause`, `outcome`, `config` |
///
/// Every write is made under another name, synchronized and renamed, and the directory is
/// synchronized, too: after a crash at any point, or a loss of power, there is the config before or
/// the one after. What a crash leaves behind is removed when the store is next opened. Files of
/// plugins with secret fields are the owner's only; others have the permissions of the file they
/// take the place of, or 0644.
///
/// A file that holds the config which is put already is left as it is written. One that does not
/// is replaced in its own format, and comments and the order of members are lost. What a format
/// cannot say, as TOML cannot say `null`, is refused.
///
/// With the feature `watch`, edits are noticed when they happen: of a file in place or by a rename,
/// and of all at once as where Kubernetes mounts a ConfigMap. Where a file is a link, so are edits of
/// what it leads to, from one link to the next; the directory may be a link, too, and may be removed
/// and made again. For that the directories on the way are watched, 256 at most. What is moved
/// further up is not noticed, nor what another machine does on a network file system, until a
/// reload. Without the feature, edits are noticed when the file is next read.
///
/// A file that is a link is replaced by a file when the config is changed by a manager: what it
/// leads to is somebody else's.
///
/// A write for which nobody waits any more, because the disk hangs, is not begun; one that has begun
/// is undone once the disk answers, and until then the plugin's config is not read. What remains:
/// where the process is killed before that, the next start finds the config that was being written,
/// whole, and as a version of its own.
///
/// Several processes may use one directory: what one of them writes the others find when they
/// look. Two that write the same plugin's config in the same instant are not kept apart.
#[derive(Debug, Clone)]
pub struct FileStore {
    inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) dir: PathBuf,
    pub(super) seen: Seen,
    /// Where its writing stands still when a test says so.
    #[cfg(test)]
    pub(super) hold: super::late::Hold,
}

impl FileStore {
    /// The store in a directory that exists, tidied up.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read.
    pub fn open(dir: impl Into<PathBuf>) -> io::Result<Self> {
        let dir = dir.into();
        std::fs::read_dir(&dir)?;
        // A directory that cannot be written to can be read all the same.
        if let Err(error) = disk::remove_abandoned(&dir, put::TEMPORARY) {
            tracing::warn!(dir = %dir.display(), %error, "could not be tidied up");
        }
        let seen = Seen::default();
        Ok(Self {
            inner: Arc::new(Inner {
                dir,
                seen,
                #[cfg(test)]
                hold: super::late::Hold::default(),
            }),
        })
    }

    /// The directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    #[cfg(test)]
    pub(super) fn hold(&self) -> &super::late::Hold {
        &self.inner.hold
    }

    fn run<T: Send + 'static>(
        &self,
        plugin: &str,
        work: impl FnOnce(Arc<Inner>, String) -> Result<T, StoreError> + Send + 'static,
    ) -> StoreFuture<'static, T> {
        let (inner, plugin) = (Arc::clone(&self.inner), plugin.to_owned());
        if !is_name(&plugin) {
            let error = StoreError::unavailable(format!("{plugin:?} is no name of a plugin"));
            return Box::pin(std::future::ready(Err(error)));
        }
        Box::pin(blocking(move || {
            // A directory that is gone, as one that is not mounted, is not one without configs.
            std::fs::metadata(&inner.dir)
                .map_err(|error| StoreError::from(error).at_path("find", &inner.dir))?;
            work(inner, plugin)
        }))
    }
}

impl Inner {
    /// A point at which a test may have it die, or stand still.
    #[cfg_attr(
        not(test),
        expect(unused_variables, reason = "only tests tell plugins apart")
    )]
    pub(super) fn pass(&self, plugin: &str, point: &str) {
        crate::fault::point(point);
        #[cfg(test)]
        if plugin == "p" {
            self.hold.pass(point);
        }
    }

    pub(super) fn path(&self, plugin: &str) -> PathBuf {
        crate::config::path(&self.dir, plugin)
    }

    pub(super) fn history(&self, plugin: &str) -> PathBuf {
        self.dir.join(HISTORY).join(plugin)
    }

    /// Looks for what has changed in the files of some plugins.
    #[cfg(feature = "watch")]
    pub(super) fn look_at(&self, plugins: &BTreeSet<String>) {
        // Whoever is changing one looks at it in the end. A disk that hangs meanwhile holds up no other.
        for plugin in plugins.iter().filter(|plugin| self.seen.is_at_rest(plugin)) {
            // What is wrong with it is told to who loads it.
            let _ = current::read(&self.seen, plugin, &self.path(plugin));
        }
    }

    /// Looks for what has changed in the files of any.
    #[cfg(feature = "watch")]
    pub(super) fn look(&self) {
        let mut plugins = self.seen.plugins();
        // Where there is no directory, those that had files are told so.
        for entry in std::fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let plugin = name.to_str().and_then(crate::config::plugin_of);
            plugins.extend(plugin.map(str::to_owned));
        }
        self.look_at(&plugins);
    }

    fn load(&self, plugin: &str) -> Result<Option<StoredConfig>, StoreError> {
        // What is half done is not known yet.
        let _writing = self.seen.wait_for_writing(plugin);
        let (path, dir) = (self.path(plugin), self.history(plugin));
        let (found, revision) = current::read(&self.seen, plugin, &path);
        let found = found
            .map_err(|error| StoreError::from(error).at_path("read", &path))
            .and_then(|found| {
                let config = |bytes: Vec<u8>| current::config(&path, &bytes);
                found.map(config).transpose()
            })
            .map_err(|error| error.at_revision(revision));
        let config = found.as_ref().ok().and_then(Option::as_ref);
        if let Err(error) = history::recover(&dir, config) {
            tracing::warn!(%error, "the history could not be tidied up");
        }
        let Some(config) = found? else {
            return Ok(None);
        };
        let newest = history::numbers(&dir).unwrap_or_default().first().copied();
        let newest = newest.and_then(|number| history::read(&dir, number).ok()?);
        let version = newest
            .filter(|newest| newest.config == config)
            .map(|newest| newest.version);
        Ok(Some(StoredConfig {
            revision,
            version,
            config,
        }))
    }
}

impl ConfigStore for FileStore {
    fn load<'a>(&'a self, plugin: &'a str) -> StoreFuture<'a, Option<StoredConfig>> {
        self.run(plugin, |inner, plugin| inner.load(&plugin))
    }

    fn history<'a>(&'a self, plugin: &'a str) -> StoreFuture<'a, Vec<StoredVersion>> {
        self.run(plugin, |inner, plugin| {
            let dir = inner.history(&plugin);
            history::all(&dir).map_err(|error| StoreError::from(error).at_path("read", &dir))
        })
    }

    fn version<'a>(
        &'a self,
        plugin: &'a str,
        number: u64,
    ) -> StoreFuture<'a, Option<StoredVersion>> {
        self.run(plugin, move |inner, plugin| {
            history::read(&inner.history(&plugin), number)
        })
    }

    fn prepare<'a>(&'a self, plugin: &'a str, put: Put) -> StoreFuture<'a, Box<dyn PreparedPut>> {
        self.run(plugin, |inner, plugin| {
            let prepared: Box<dyn PreparedPut> = Box::new(put::prepare(inner, plugin, put)?);
            Ok(prepared)
        })
    }

    fn changes(&self, after: Revision) -> Box<dyn ConfigChanges> {
        let noted = self.inner.seen.changes(after);
        #[cfg(feature = "watch")]
        let noted = Box::new(super::watch::Watched::new(Arc::clone(&self.inner), noted));
        #[cfg(not(feature = "watch"))]
        let noted = Box::new(super::unwatched::Unwatched::new(noted));
        noted
    }
}

/// Runs work that blocks on a thread for it.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(ended) => Err(StoreError::unavailable(ended)),
    }
}
