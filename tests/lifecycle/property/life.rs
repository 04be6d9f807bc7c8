use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};
use tower_plugin::{OperationInfo, Outcome, PluginHandle};

use super::guest::Guest;
use super::step::{Command, Manner};
use crate::scenario::{Instance, Script};

/// A registration of the plugin, and what should be true of it.
pub struct Life {
    pub handle: PluginHandle<Instance>,
    pub script: Arc<Script>,
    pub manner: Manner,
    /// Whether there may be two generations that serve.
    pub tries: bool,
    pub guests: Vec<Guest>,
    /// The newest generation that was seen.
    pub generation: u64,
    /// The config of each version that was ever in force. The last of them is.
    versions: BTreeMap<u64, Value>,
    /// Those that have been applied already.
    known: BTreeSet<String>,
}

impl Life {
    pub fn new(handle: PluginHandle<Instance>, script: Arc<Script>, manner: Manner) -> Self {
        Self {
            handle,
            script,
            manner,
            tries: matches!(manner, Manner::Try),
            guests: Vec::new(),
            generation: 0,
            versions: BTreeMap::from([(1, Self::registered())]),
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

    /// The version that should be in force.
    pub fn in_force(&self) -> (u64, &Value) {
        let (version, config) = self.versions.last_key_value().unwrap();
        (*version, config)
    }

    /// Has what was applied happen here, too: in the order of the versions, each of which builds
    /// on the one before.
    pub fn apply<'a>(&mut self, done: impl Iterator<Item = (&'a Command, OperationInfo)>) {
        let mut applied = BTreeMap::new();
        for (command, info) in done {
            let is_new = self.known.insert(info.id.to_string());
            let report = info.result.and_then(Result::ok);
            let report = report.filter(|report| report.outcome == Outcome::Applied);
            if let Some(report) = report.filter(|_| is_new && command.changes_config()) {
                let other = applied.insert(report.version, command);
                assert!(other.is_none(), "version {} twice", report.version);
            }
        }
        for (version, command) in applied {
            let (before, config) = self.in_force();
            assert_eq!(version, before + 1, "a version was lost");
            let config = match command {
                Command::Update(config) => config.clone(),
                Command::Patch(patch) => patched(config, patch),
                Command::Rollback(to) => self.versions[to].clone(),
                _ => unreachable!("it does not change the config"),
            };
            self.versions.insert(version, config);
        }
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

/// Flat, as the configs here are.
fn patched(config: &Value, patch: &Value) -> Value {
    let mut config = config.clone();
    let members = config.as_object_mut().unwrap();
    for (name, value) in patch.as_object().unwrap() {
        match value {
            Value::Null => members.remove(name),
            value => members.insert(name.clone(), value.clone()),
        };
    }
    config
}
