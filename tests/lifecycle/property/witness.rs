use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tower_plugin::transition::transition;
use tower_plugin::{Event, EventKind, Operation, OperationId, PluginManager, PluginState};

use super::check::Drains;

/// Reads the journal as it is written, and looks at each plugin whenever something happens to it.
pub struct Witness {
    told: Arc<Mutex<Told>>,
    task: JoinHandle<()>,
}

/// What was told so far.
#[derive(Debug, Default)]
struct Told {
    newest: u64,
    drains: Drains,
    /// How operations were said to have ended.
    ends: BTreeMap<OperationId, Vec<EventKind>>,
    plugins: BTreeMap<String, Path>,
}

/// A plugin since it was last at rest.
#[derive(Debug)]
struct Path {
    rest: PluginState,
    /// What was done since.
    operations: Vec<Operation>,
}

impl Witness {
    /// Where nothing happens while it looks: all is on one thread.
    pub fn new(manager: &PluginManager) -> Self {
        Self::begin(manager, true)
    }

    /// Of the journal alone.
    pub fn of_journal(manager: &PluginManager) -> Self {
        Self::begin(manager, false)
    }

    fn begin(manager: &PluginManager, looks: bool) -> Self {
        let told = Arc::<Mutex<Told>>::default();
        let (mut events, manager) = (manager.subscribe_after(0), manager.clone());
        let told_here = Arc::clone(&told);
        let task = tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                let mut news = vec![event];
                // A plugin is where all that was told has brought it.
                while let Ok(Some(event)) = timeout(Duration::ZERO, events.recv()).await {
                    news.push(event);
                }
                let mut told = told_here.lock().unwrap();
                for event in &news {
                    told.hear(&manager, event);
                }
                if looks {
                    told.look(&manager);
                }
            }
        });
        Self { told, task }
    }

    /// Nothing was wrong so far.
    pub async fn check(&mut self) {
        if self.task.is_finished() {
            (&mut self.task).await.unwrap();
        }
    }

    /// Until it has read all that happened before.
    pub async fn until_all_is_read(&self, manager: &PluginManager) {
        let mut events = manager.subscribe_after(self.newest());
        while let Ok(Some(event)) = timeout(Duration::ZERO, events.recv()).await {
            while self.newest() < event.id && !self.task.is_finished() {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Nothing is under way, so all that began has ended.
    pub fn at_rest(&self) {
        self.told.lock().unwrap().drains.all_have_ended();
    }

    /// Revision of the newest event that was read.
    pub fn newest(&self) -> u64 {
        self.told.lock().unwrap().newest
    }

    pub fn ends_of(&self, id: OperationId) -> Vec<EventKind> {
        let told = self.told.lock().unwrap();
        told.ends.get(&id).cloned().unwrap_or_default()
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Told {
    fn hear(&mut self, manager: &PluginManager, event: &Event) {
        assert_eq!(event.id, self.newest + 1, "a gap in the journal");
        self.newest = event.id;
        self.drains.hear(event);
        let name = &event.plugin;
        let path = self.plugins.entry(name.clone()).or_insert(Path {
            rest: PluginState::Loading,
            operations: Vec::new(),
        });
        if let Some(id) = event.operation_id {
            if is_end(event.kind) {
                self.ends.entry(id).or_default().push(event.kind);
            }
            let operation = manager.operation(id).expect("none is forgotten");
            assert_eq!(&operation.plugin, name);
            path.operations.push(operation.operation);
        }
    }

    fn look(&mut self, manager: &PluginManager) {
        for (name, path) in &mut self.plugins {
            path.look(manager, name);
        }
    }
}

/// Whether an event of an operation tells how it ended.
fn is_end(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::ReloadApplied
            | EventKind::ReloadRejected
            | EventKind::ReloadRolledBack
            | EventKind::ReloadFailed
            | EventKind::Failed
            | EventKind::Enabled
            | EventKind::Disabled
            | EventKind::Removed
    )
}

impl Path {
    /// The plugin is where the table of transitions may have brought it.
    fn look(&mut self, manager: &PluginManager, name: &str) {
        let Ok(info) = manager.info(name) else {
            return;
        };
        self.operations.extend(info.operation);
        let mut reached = vec![self.rest];
        let mut next = 0;
        while let Some(state) = reached.get(next).copied() {
            next += 1;
            for operation in &self.operations {
                let to = transition(state, *operation, info.strategy);
                for state in [to.meanwhile, to.then, to.otherwise] {
                    if !reached.contains(&state) {
                        reached.push(state);
                    }
                }
            }
        }
        let (status, operations) = (info.status, &self.operations);
        let is_allowed = reached.contains(&status);
        assert!(is_allowed, "{} to {status} by {operations:?}", self.rest);
        if info.operation.is_none() {
            self.rest = status;
            self.operations.clear();
        }
    }
}
