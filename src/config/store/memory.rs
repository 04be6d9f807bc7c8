use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::change::ChangeLog;
use super::{
    ConfigChanges, ConfigStore, PreparedPut, Put, Revision, StoreError, StoreFuture, StoredConfig,
    StoredVersion,
};

/// Keeps configs for as long as it lives, or a clone of it: the default, and what tests need.
///
/// Nothing fails but a put that expects another revision.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    changes: ChangeLog,
    plugins: BTreeMap<String, Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    current: Option<StoredConfig>,
    /// Oldest first.
    versions: Vec<StoredVersion>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Whole after every step, so a panic elsewhere spoils nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn revision(&self, plugin: &str) -> Revision {
        let current = self
            .plugins
            .get(plugin)
            .and_then(|kept| kept.current.as_ref());
        current.map_or(Revision::ABSENT, |current| current.revision)
    }

    fn expect(&self, plugin: &str, expected: Option<Revision>) -> Result<(), StoreError> {
        let current = self.revision(plugin);
        match expected {
            Some(expected) if expected != current => Err(StoreError::conflict(current)),
            _ => Ok(()),
        }
    }

    fn put(&mut self, plugin: String, put: Put) -> Result<Revision, StoreError> {
        self.expect(&plugin, put.expected)?;
        let Put {
            version,
            is_current,
            history_limit,
            ..
        } = put;
        let revision = is_current.then(|| self.changes.record(&plugin));
        let kept = self.plugins.entry(plugin).or_default();
        if let Some(revision) = revision {
            kept.current = Some(StoredConfig {
                revision,
                version: Some(version.version),
                config: version.config.clone(),
            });
        }
        kept.versions.push(version);
        let excess = kept.versions.len().saturating_sub(history_limit.max(1));
        kept.versions.drain(..excess);
        let current = kept.current.as_ref();
        Ok(current.map_or(Revision::ABSENT, |current| current.revision))
    }
}

impl ConfigStore for MemoryStore {
    fn load<'a>(&'a self, plugin: &'a str) -> StoreFuture<'a, Option<StoredConfig>> {
        Box::pin(async move {
            let state = self.lock();
            Ok(state
                .plugins
                .get(plugin)
                .and_then(|kept| kept.current.clone()))
        })
    }

    fn history<'a>(&'a self, plugin: &'a str) -> StoreFuture<'a, Vec<StoredVersion>> {
        Box::pin(async move {
            let state = self.lock();
            let versions = state.plugins.get(plugin).map(|kept| &kept.versions);
            Ok(versions.into_iter().flatten().rev().cloned().collect())
        })
    }

    fn version<'a>(
        &'a self,
        plugin: &'a str,
        number: u64,
    ) -> StoreFuture<'a, Option<StoredVersion>> {
        Box::pin(async move {
            let state = self.lock();
            let kept = state.plugins.get(plugin);
            let mut versions = kept.into_iter().flat_map(|kept| kept.versions.iter().rev());
            Ok(versions
                .find(|version| version.version.number() == number)
                .cloned())
        })
    }

    fn prepare<'a>(&'a self, plugin: &'a str, put: Put) -> StoreFuture<'a, Box<dyn PreparedPut>> {
        Box::pin(async move {
            self.lock().expect(plugin, put.expected)?;
            let (store, plugin) = (self.clone(), plugin.to_owned());
            let prepared: Box<dyn PreparedPut> = Box::new(Prepared { store, plugin, put });
            Ok(prepared)
        })
    }

    fn changes(&self, after: Revision) -> Box<dyn ConfigChanges> {
        self.lock().changes.after(after)
    }
}

struct Prepared {
    store: MemoryStore,
    plugin: String,
    put: Put,
}

impl PreparedPut for Prepared {
    fn commit(self: Box<Self>) -> StoreFuture<'static, Revision> {
        Box::pin(async move {
            let Self { store, plugin, put } = *self;
            store.lock().put(plugin, put)
        })
    }
}
