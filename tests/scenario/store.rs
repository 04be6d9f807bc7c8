//! A store that fails, hangs or panics when the test says so.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::sync::Notify;
use tower_plugin::{
    ConfigChanges, ConfigStore, ConfigVersion, MemoryStore, PreparedPut, Put, Revision,
    StoreChange, StoreError, StoreFuture, StoredConfig, StoredVersion,
};

/// How a store does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outage {
    Fails,
    Hangs,
    Panics,
    /// Does it, and does not say so.
    IsLate,
}

/// What of it does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum During {
    Load,
    Prepare,
    Commit,
    Changes,
}

/// What stands for an edit in a store that knows versions only.
const EDIT: &str = "00000000-0";

fn is_edit(version: ConfigVersion) -> bool {
    version.number() == 0
}

#[derive(Debug, Clone)]
pub struct Flaky {
    pub inner: Arc<dyn ConfigStore>,
    outage: Arc<Mutex<Option<(During, Outage)>>>,
    began: Arc<Notify>,
}

impl Default for Flaky {
    fn default() -> Self {
        Self::over(MemoryStore::new())
    }
}

impl Flaky {
    pub fn over(inner: impl ConfigStore) -> Self {
        Self {
            inner: Arc::new(inner),
            outage: Arc::default(),
            began: Arc::default(),
        }
    }

    pub fn fail(&self, during: During, outage: Outage) {
        *self.outage.lock().unwrap() = Some((during, outage));
        self.began.notify_waiters();
    }

    pub fn heal(&self) {
        *self.outage.lock().unwrap() = None;
    }

    /// What somebody does beside the manager: it is no version.
    pub async fn edit(&self, plugin: &str, config: Value) {
        let edit = StoredVersion::new(EDIT.parse().unwrap(), config);
        self.inner.put(plugin, Put::new(edit)).await.unwrap();
    }

    async fn pass(&self, now: During) -> Result<(), StoreError> {
        let outage = *self.outage.lock().unwrap();
        match outage.filter(|(during, _)| *during == now) {
            None => Ok(()),
            Some((_, Outage::Fails)) => Err(StoreError::unavailable("no space left")),
            Some((_, Outage::Hangs | Outage::IsLate)) => std::future::pending().await,
            Some((_, Outage::Panics)) => panic!("the store panics"),
        }
    }
}

impl ConfigStore for Flaky {
    fn load<'a>(&'a self, plugin: &'a str) -> StoreFuture<'a, Option<StoredConfig>> {
        Box::pin(async move {
            self.pass(During::Load).await?;
            let mut stored = self.inner.load(plugin).await?;
            if let Some(stored) = &mut stored {
                stored.version = stored.version.filter(|version| !is_edit(*version));
            }
            Ok(stored)
        })
    }

    fn history<'a>(&'a self, plugin: &'a str) -> StoreFuture<'a, Vec<StoredVersion>> {
        Box::pin(async move {
            self.pass(During::Load).await?;
            let mut history = self.inner.history(plugin).await?;
            history.retain(|kept| !is_edit(kept.version));
            Ok(history)
        })
    }

    fn version<'a>(
        &'a self,
        plugin: &'a str,
        number: u64,
    ) -> StoreFuture<'a, Option<StoredVersion>> {
        Box::pin(async move {
            self.pass(During::Load).await?;
            self.inner.version(plugin, number).await
        })
    }

    fn prepare<'a>(&'a self, plugin: &'a str, put: Put) -> StoreFuture<'a, Box<dyn PreparedPut>> {
        Box::pin(async move {
            self.pass(During::Prepare).await?;
            let (store, inner) = (self.clone(), self.inner.prepare(plugin, put).await?);
            Ok(Box::new(Prepared { store, inner }) as Box<dyn PreparedPut>)
        })
    }

    fn changes(&self, after: Revision) -> Box<dyn ConfigChanges> {
        let (store, inner) = (self.clone(), self.inner.changes(after));
        Box::new(Changes { store, inner })
    }
}

#[derive(Debug)]
struct Changes {
    store: Flaky,
    inner: Box<dyn ConfigChanges>,
}

impl ConfigChanges for Changes {
    fn ready(&mut self) -> StoreFuture<'_, ()> {
        Box::pin(self.store.pass(During::Changes))
    }

    fn next(&mut self) -> StoreFuture<'_, StoreChange> {
        Box::pin(async move {
            let outage = async {
                self.store.began.notified().await;
                self.store.pass(During::Changes).await
            };
            tokio::select! {
                change = self.inner.next() => change,
                Err(error) = outage => Err(error),
            }
        })
    }
}

struct Prepared {
    store: Flaky,
    inner: Box<dyn PreparedPut>,
}

impl PreparedPut for Prepared {
    fn commit(self: Box<Self>) -> StoreFuture<'static, Revision> {
        Box::pin(async move {
            if *self.store.outage.lock().unwrap() == Some((During::Commit, Outage::IsLate)) {
                self.inner.commit().await?;
                return std::future::pending().await;
            }
            self.store.pass(During::Commit).await?;
            self.inner.commit().await
        })
    }
}
