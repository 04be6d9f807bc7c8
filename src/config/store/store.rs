use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::{ConfigChanges, Put, Revision, StoreError, StoredConfig, StoredVersion};

/// What a store answers with.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Where a manager keeps the configs of its plugins: for each the current one, which others may
/// change beside the manager, and the versions that were applied, which nobody changes.
///
/// A store is asked by many plugins at a time, each of which does one thing after the other. The
/// manager waits no longer than its
/// [`store_timeout`](crate::PluginManagerBuilder::store_timeout) for an answer and then drops the
/// future, so a store that hangs holds up one plugin for that long and no other. A panic is an
/// error. Calls are made from tasks of their own: one that blocks its thread is bad manners, and
/// harms no plugin.
///
/// [`MemoryStore`](crate::MemoryStore) is the default, [`FileStore`](crate::FileStore) that of a
/// manager with a [`plugin_dir`](crate::PluginManagerBuilder::plugin_dir).
///
/// ```
/// use serde_json::json;
/// use tower_plugin::{ConfigStore, MemoryStore, Put, StoreError, StoredVersion};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), StoreError> {
/// let store = MemoryStore::new();
/// let version = StoredVersion::new("1b2c3d4e-1".parse().expect("a version"), json!({"a": 1}));
/// let revision = store.put("geo", Put::new(version.clone())).await?;
///
/// let current = store.load("geo").await?.expect("it was put");
/// assert_eq!((current.revision, current.config), (revision, json!({"a": 1})));
/// assert_eq!(store.history("geo").await?, [version.clone()]);
///
/// let late = Put::new(version).expecting(tower_plugin::Revision::ABSENT);
/// assert!(store.put("geo", late).await.unwrap_err().is_conflict());
/// # Ok(()) }
/// ```
pub trait ConfigStore: fmt::Debug + Send + Sync + 'static {
    /// The plugin's current config, if there is one.
    ///
    /// # Errors
    ///
    /// [`is_broken`](StoreError::is_broken) where there is one, but it cannot be understood.
    fn load<'a>(&'a self, plugin: &'a str) -> StoreFuture<'a, Option<StoredConfig>>;

    /// The versions that are kept, newest first.
    fn history<'a>(&'a self, plugin: &'a str) -> StoreFuture<'a, Vec<StoredVersion>>;

    /// One version, if it is kept. Of several of that number, the newest.
    fn version<'a>(
        &'a self,
        plugin: &'a str,
        number: u64,
    ) -> StoreFuture<'a, Option<StoredVersion>>;

    /// Does whatever of a put may fail, and changes nothing that can be read: a store that is full
    /// or not there says so now, while the config before is still in force.
    ///
    /// # Errors
    ///
    /// [`is_conflict`](StoreError::is_conflict) when the current config is not the expected one.
    fn prepare<'a>(&'a self, plugin: &'a str, put: Put) -> StoreFuture<'a, Box<dyn PreparedPut>>;

    /// Puts a version in one go, and answers with the revision of the current config.
    ///
    /// # Errors
    ///
    /// Those of [`prepare`](Self::prepare) and [`commit`](PreparedPut::commit).
    fn put<'a>(&'a self, plugin: &'a str, put: Put) -> StoreFuture<'a, Revision> {
        Box::pin(async move { self.prepare(plugin, put).await?.commit().await })
    }

    /// The changes of any plugin's current config after `after`, whoever makes them. Who has seen
    /// a change at a revision and goes on from there misses nothing; several changes of one plugin
    /// may be told as the last of them. The manager tells its own by their revision.
    fn changes(&self, after: Revision) -> Box<dyn ConfigChanges>;
}

impl<S: ConfigStore + ?Sized> ConfigStore for Arc<S> {
    fn load<'a>(&'a self, plugin: &'a str) -> StoreFuture<'a, Option<StoredConfig>> {
        (**self).load(plugin)
    }

    fn history<'a>(&'a self, plugin: &'a str) -> StoreFuture<'a, Vec<StoredVersion>> {
        (**self).history(plugin)
    }

    fn version<'a>(
        &'a self,
        plugin: &'a str,
        number: u64,
    ) -> StoreFuture<'a, Option<StoredVersion>> {
        (**self).version(plugin, number)
    }

    fn prepare<'a>(&'a self, plugin: &'a str, put: Put) -> StoreFuture<'a, Box<dyn PreparedPut>> {
        (**self).prepare(plugin, put)
    }

    fn changes(&self, after: Revision) -> Box<dyn ConfigChanges> {
        (**self).changes(after)
    }
}

/// A put that is ready to be made. Dropped, it leaves no trace.
pub trait PreparedPut: Send {
    /// Makes it, all or nothing, and so that it outlasts a loss of power; answers with the revision
    /// of the current config.
    ///
    /// # Errors
    ///
    /// [`is_conflict`](StoreError::is_conflict) when the current config has become another than
    /// the expected one. After any other error but a
    /// [timeout](StoreError::is_timeout) nothing has changed.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped, the manager has given up and tells that the change was not made.
    /// A store should see to it that it is not, or undo it. Where that cannot be had, the manager
    /// asks the store later what it has, and takes that up: see
    /// [`store_retry`](crate::PluginManagerBuilder::store_retry).
    fn commit(self: Box<Self>) -> StoreFuture<'static, Revision>;
}
