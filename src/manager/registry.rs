use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};

use tokio::sync::{Semaphore, mpsc};

use super::graph::Graph;
use crate::RegisterError;
use crate::config::Store;
use crate::lifecycle::{Command, Published};

/// The registered plugins by name. The lock is held for look-ups only, never while something is
/// waited for.
#[derive(Debug, Default)]
pub(crate) struct Plugins {
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    by_name: BTreeMap<Arc<str>, Entry>,
    /// Those that are registered no more, but still held by requests or leases.
    unloaded: BTreeMap<Arc<str>, Arc<Published>>,
    /// Set once the manager shuts down: nothing is registered any more.
    closed: bool,
    /// Set once that is about to happen.
    leaving: bool,
    /// Set once drains wait no longer.
    forced: bool,
    /// Set once all have been stopped.
    drained: bool,
    /// Those that are being unloaded: nothing may depend on them any more.
    retiring: BTreeSet<Arc<str>>,
}

/// How to reach a plugin's task, and what it published.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) published: Arc<Published>,
    /// Boxed, for a channel has room for 32 from the start.
    pub(crate) commands: mpsc::Sender<Box<Command>>,
    /// One permit: who holds it may give the plugin a command.
    pub(crate) turn: Arc<Semaphore>,
    /// Where its configs are kept.
    pub(crate) store: Store,
}

impl State {
    fn dependent(&self, name: &str) -> Option<String> {
        let depends = |entry: &&Entry| entry.published.dependencies.iter().any(|on| on == name);
        let dependent = self.by_name.values().find(depends);
        dependent.map(|entry| entry.published.name.to_string())
    }
}

impl Plugins {
    /// Adds plugins whose names are free and whose dependencies are there or among them, all or
    /// none, and says in which steps to start them.
    pub(crate) fn add(&self, entries: Vec<Entry>) -> Result<Vec<Vec<Arc<str>>>, RegisterError> {
        let mut state = self.write();
        if state.closed {
            return Err(RegisterError::ShuttingDown);
        }
        let mut added = BTreeMap::new();
        for entry in entries {
            let name = Arc::clone(&entry.published.name);
            let is_taken = state.by_name.contains_key(&name);
            if is_taken || added.insert(Arc::clone(&name), entry).is_some() {
                return Err(RegisterError::DuplicateName(name.to_string()));
            }
        }
        for (name, entry) in &added {
            let (limit, before) = (entry.published.max_leftovers, state.unloaded.get(name));
            if let Some(leftovers) = before.and_then(|before| before.is_overcrowded(limit)) {
                return Err(RegisterError::TooManyLeftovers {
                    plugin: name.to_string(),
                    leftovers,
                    limit,
                });
            }
            let is_there =
                |on: &str| state.by_name.contains_key(on) && !state.retiring.contains(on);
            let missing = |on: &&String| !is_there(on) && !added.contains_key(on.as_str());
            if let Some(missing) = entry.published.dependencies.iter().find(missing) {
                return Err(RegisterError::UnknownDependency {
                    plugin: name.to_string(),
                    dependency: missing.clone(),
                });
            }
        }
        let steps = graph(&added).steps();
        let steps = steps.map_err(|path| RegisterError::DependencyCycle { path })?;
        let named = |name: &str| added.get_key_value(name).map(|(name, _)| Arc::clone(name));
        let steps = steps
            .into_iter()
            .map(|step| step.into_iter().filter_map(named).collect())
            .collect();
        for (name, entry) in &added {
            if let Some(before) = state.unloaded.remove(name) {
                entry.published.inherit(&before);
            }
        }
        // One by one: to append would build the whole map anew.
        state.by_name.extend(added);
        Ok(steps)
    }

    pub(crate) fn get(&self, name: &str) -> Option<Entry> {
        self.read().by_name.get(name).cloned()
    }

    /// Every plugin, sorted by name.
    pub(crate) fn published(&self) -> Vec<Arc<Published>> {
        self.read()
            .by_name
            .values()
            .map(|entry| Arc::clone(&entry.published))
            .collect()
    }

    /// Every plugin that is registered no more, but still held, sorted by name.
    pub(crate) fn unloaded(&self) -> Vec<Arc<Published>> {
        self.read().unloaded.values().cloned().collect()
    }

    /// What a plugin has published that is registered, or still held.
    pub(crate) fn held(&self, name: &str) -> Option<Arc<Published>> {
        let state = self.read();
        let registered = state.by_name.get(name).map(|entry| &entry.published);
        registered.or_else(|| state.unloaded.get(name)).cloned()
    }

    /// Every plugin, sorted by name.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.read().by_name.values().cloned().collect()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.read().closed
    }

    /// Says that all are about to be stopped; whether this is the first to say so.
    pub(crate) fn leave(&self) -> bool {
        let mut state = self.write();
        !std::mem::replace(&mut state.leaving, true) && !state.closed
    }

    /// Says that drains wait no longer; whether this is the first to say so.
    pub(crate) fn force(&self) -> bool {
        !std::mem::replace(&mut self.write().forced, true)
    }

    /// Says that all have been stopped; whether this is the first to say so.
    pub(crate) fn finish(&self) -> bool {
        !std::mem::replace(&mut self.write().drained, true)
    }

    pub(crate) fn is_leaving(&self) -> bool {
        let state = self.read();
        state.closed || state.leaving
    }

    /// Name of a plugin that depends on `name`.
    pub(crate) fn dependent(&self, name: &str) -> Option<String> {
        self.read().dependent(name)
    }

    /// What each of these depends on, directly or through others.
    pub(crate) fn dependencies(&self, entries: &[Entry]) -> Vec<BTreeSet<String>> {
        let state = self.read();
        let graph = graph(&state.by_name);
        let all = entries.iter().map(|entry| {
            let names = graph.dependencies(&entry.published.name);
            names.into_iter().map(str::to_owned).collect()
        });
        all.collect()
    }

    /// Names of the plugins that depend on `name`, directly or through others, each after those
    /// that it depends on.
    pub(crate) fn dependents(&self, name: &str) -> Vec<String> {
        let state = self.read();
        let graph = graph(&state.by_name);
        let dependents = graph.dependents(name);
        let steps = graph.steps().unwrap_or_default();
        let in_order = steps.into_iter().flatten();
        in_order
            .filter(|name| dependents.contains(name))
            .map(str::to_owned)
            .collect()
    }

    /// Registers nothing any more, and says who is left, and whether this is the first to say so.
    pub(crate) fn close(&self) -> (Vec<Entry>, bool) {
        let mut state = self.write();
        let is_first = !std::mem::replace(&mut state.closed, true);
        (state.by_name.values().cloned().collect(), is_first)
    }

    // A panic while the lock is held leaves a whole map behind, so a poisoned lock is as good.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn graph(entries: &BTreeMap<Arc<str>, Entry>) -> Graph<'_> {
    Graph::new(
        entries
            .iter()
            .map(|(name, entry)| (&**name, entry.published.dependencies.as_slice())),
    )
}

/// Where a plugin's task signs off. Weak: tasks end when the last manager handle is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Registry(Weak<Plugins>);

impl Registry {
    pub(crate) fn new(plugins: &Arc<Plugins>) -> Self {
        Self(Arc::downgrade(plugins))
    }

    /// Whether the manager shuts down, or is gone.
    pub(crate) fn is_closed(&self) -> bool {
        let plugins = self.0.upgrade();
        plugins.is_none_or(|plugins| plugins.is_closed())
    }

    /// What is published of a plugin, if it is registered.
    pub(crate) fn published(&self, name: &str) -> Option<Arc<Published>> {
        Some(self.0.upgrade()?.get(name)?.published)
    }

    /// Has nothing depend on a plugin any more, or says what does: from the look to the end of its
    /// unload, nothing that does is registered.
    pub(crate) fn retire(&self, name: &Arc<str>) -> Option<String> {
        let plugins = self.0.upgrade()?;
        let mut state = plugins.write();
        let dependent = state.dependent(name);
        if dependent.is_none() {
            state.retiring.insert(Arc::clone(name));
        }
        dependent
    }

    /// Nothing came of that.
    pub(crate) fn keep(&self, name: &str) {
        if let Some(plugins) = self.0.upgrade() {
            plugins.write().retiring.remove(name);
        }
    }

    /// Forgets a plugin, but for what is left of it.
    pub(crate) fn remove(&self, name: &str) {
        let Some(plugins) = self.0.upgrade() else {
            return;
        };
        let mut state = plugins.write();
        state.retiring.remove(name);
        if let Some((name, entry)) = state.by_name.remove_entry(name)
            && entry.published.has_leftovers()
        {
            state.unloaded.insert(name, entry.published);
        }
    }

    /// Forgets a plugin of which nothing is left any more.
    pub(crate) fn forget_unloaded(&self, name: &str) {
        let Some(plugins) = self.0.upgrade() else {
            return;
        };
        let mut state = plugins.write();
        let left = state.unloaded.get(name);
        if left.is_some_and(|left| !left.has_leftovers()) {
            state.unloaded.remove(name);
        }
    }
}
