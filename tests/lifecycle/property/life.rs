use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};
use tower_plugin::{ConfigStore, OperationId, OperationInfo, Outcome, PluginHandle, PluginManager};

use super::guest::Guest;
use super::step::{Command, Manner};
use crate::scenario::store::Flaky;
use crate::scenario::{Instance, Script};

/// A registration of a plugin, and what should be true of it.
pub struct Life {
    pub handle: PluginHandle<Instance>,
    pub script: Arc<Script>,
    pub manner: Manner,
    /// Names of those that it depends on.
    pub on: Vec<String>,
    /// Whether there may be two generations that serve.
    pub tries: bool,
    pub guests: Vec<Guest>,
    /// The newest generation that was seen.
    pub generation: u64,
    /// What somebody put into the store by hand.
    pub edits: Vec<Value>,
    /// Whether nothing that counts has looked at the last of them.
    pub is_unseen: bool,
    /// The config of each version that was ever in force. The last of them is.
    versions: BTreeMap<u64, Value>,
    /// Those of them that the manager was asked for, and so has stored.
    stored: BTreeSet<u64>,
    /// The operations that were looked at already.
    known: BTreeSet<OperationId>,
}

impl Life {
    pub fn new(
        handle: PluginHandle<Instance>,
        script: Arc<Script>,
        manner: Manner,
        on: Vec<String>,
    ) -> Self {
        Self {
            handle,
            script,
            manner,
            on,
            tries: matches!(manner, Manner::Try),
            guests: Vec::new(),
            generation: 0,
            edits: Vec::new(),
            is_unseen: false,
            versions: BTreeMap::from([(1, Self::registered())]),
            stored: BTreeSet::new(),
            known: BTreeSet::new(),
        }
    }

    pub fn name(&self) -> String {
        self.handle.name().to_owned()
    }

    /// The config that it is registered with.
    pub fn registered() -> Value {
        json!({"value": 9})
    }

    /// Whether an instance can be built from an edit.
    pub fn is_good(&self, edit: &Value) -> bool {
        edit["value"].as_u64().is_some()
    }

    /// The version that should be in force.
    pub fn in_force(&self) -> (u64, &Value) {
        let (version, config) = self.versions.last_key_value().unwrap();
        (*version, config)
    }

    /// Whether it must be in the history: what was registered or edited by hand is not a change of
    /// the manager's, and is left out if it cannot be written.
    pub fn must_be_kept(&self) -> bool {
        self.stored.contains(&self.in_force().0)
    }

    /// Has what was applied happen here, too: in the order of the versions, each of which builds
    /// on the one before.
    pub async fn apply<'a>(
        &mut self,
        manager: &PluginManager,
        store: &Flaky,
        done: impl Iterator<Item = (Option<&'a Command>, &'a OperationInfo)>,
    ) {
        let mut applied = BTreeMap::new();
        for (command, info) in done {
            let is_new = self.known.insert(info.id);
            let report = info.result.as_ref().and_then(|it| it.as_ref().ok());
            let report = report.filter(|report| is_new && report.outcome == Outcome::Applied);
            let Some(report) = report else { continue };
            let command = command.filter(|command| command.changes_config());
            let is_known = self.versions.contains_key(&report.version);
            if command.is_some() {
                let other = applied.insert(report.version, command);
                assert!(
                    other.flatten().is_none(),
                    "version {} twice",
                    report.version
                );
            } else if !is_known {
                applied.entry(report.version).or_insert(None);
            }
        }
        for (version, command) in applied {
            let (before, config) = self.in_force();
            assert_eq!(version, before + 1, "a version was lost");
            let config = match command {
                Some(Command::Update(config)) => config.clone(),
                Some(Command::Patch(patch)) => patched(config, patch),
                Some(Command::Rollback(to)) => self.versions[to].clone(),
                _ => self.edited(manager, store, version).await,
            };
            if command.is_some() {
                self.stored.insert(version);
            }
            self.versions.insert(version, config);
        }
    }

    /// A version that nobody has asked for was put into the store.
    async fn edited(&self, manager: &PluginManager, store: &Flaky, version: u64) -> Value {
        let name = self.handle.name();
        let current = manager.config(name).ok();
        let current = current.filter(|current| current.version.number() == version);
        let config = match current {
            Some(current) => current.config,
            None => match store.inner.version(name, version).await.unwrap() {
                Some(kept) => kept.config,
                // Nobody has seen it but the plugin.
                None => return Value::Null,
            },
        };
        assert!(self.edits.contains(&config), "{config}");
        config
    }

    pub fn inside(&self) -> impl Iterator<Item = &Guest> {
        self.guests.iter().filter(|guest| guest.is_inside())
    }

    /// How many generations are still held by somebody, apart from the one that serves.
    pub fn leftovers(&self, serving: Option<u64>) -> usize {
        let held: BTreeSet<_> = self.inside().map(|guest| guest.generation).collect();
        held.iter().filter(|held| Some(**held) != serving).count()
    }
}

/// What an instance makes of a config.
pub fn value(config: &Value) -> u64 {
    config["value"].as_u64().unwrap_or_default()
}

/// Flat, as the configs here are.
fn patched(config: &Value, patch: &Value) -> Value {
    let mut config = config.clone();
    for (name, value) in patch.as_object().unwrap() {
        match (value, config.as_object_mut()) {
            (Value::Null, Some(members)) => drop(members.remove(name)),
            (Value::Null, None) => config = json!({}),
            (value, _) => config[name] = value.clone(),
        }
    }
    config
}
