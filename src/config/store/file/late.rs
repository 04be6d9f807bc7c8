//! Writes that hang, and what becomes of them once the disk answers.

use std::fs;
use std::path::Path;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::{
    BoxError, ConfigStore, Event, EventKind, EventStream, FileStore, Outcome, PluginHandle,
    PluginManager, Put, StoredVersion, plugin_fn,
};

/// Where a write stands still.
#[derive(Debug, Default)]
pub(super) struct Hold {
    at: Mutex<Option<&'static str>>,
    let_go: Condvar,
    reached: Notify,
}

impl Hold {
    pub(super) fn pass(&self, point: &str) {
        let mut at = self.at.lock().unwrap();
        if *at == Some(point) {
            self.reached.notify_one();
        }
        while *at == Some(point) {
            at = self.let_go.wait(at).unwrap();
        }
    }

    fn set(&self, at: Option<&'static str>) {
        *self.at.lock().unwrap() = at;
        self.let_go.notify_all();
    }
}

struct Scene {
    dir: tempfile::TempDir,
    store: FileStore,
    manager: PluginManager,
    plugin: PluginHandle<Value>,
    events: EventStream,
}

async fn register(manager: &PluginManager) -> PluginHandle<Value> {
    let start = |config: Value| async move { Ok::<_, BoxError>(config) };
    manager.register("p", plugin_fn(start)).await.unwrap()
}

impl Scene {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = FileStore::open(dir.path()).unwrap();
        let builder = PluginManager::builder().config_store(store.clone());
        let manager = builder
            .store_timeout(Duration::from_secs(10))
            .build()
            .unwrap();
        let plugin = register(&manager).await;
        manager.update_config("p", json!({"a": 1})).await.unwrap();
        let events = manager.subscribe();
        Self {
            dir,
            store,
            manager,
            plugin,
            events,
        }
    }

    fn hold(&self) -> &Hold {
        self.store.hold()
    }

    /// A change whose write hangs at a point for longer than it may.
    async fn hang(&self, at: &'static str, config: Value) {
        self.hold().set(Some(at));
        let update = tokio::spawn(self.manager.update_config("p", config).into_future());
        self.hold().reached.notified().await;
        tokio::time::advance(Duration::from_secs(11)).await;
        let error = update.await.unwrap().unwrap_err();
        assert!(error.store_error().unwrap().is_timeout(), "{at}: {error}");
        assert_eq!(error.report().unwrap().outcome, Outcome::RolledBack);
        assert_eq!(*self.plugin.enter().unwrap().instance(), json!({"a": 1}));
    }

    async fn until(&mut self, kind: EventKind) -> Event {
        loop {
            let event = self.events.recv().await.unwrap();
            if event.kind == kind {
                return event;
            }
        }
    }

    /// Until the store has been asked again what it has.
    async fn asked_again(&mut self) {
        self.until(EventKind::RefreshScheduled).await;
        self.until(EventKind::RefreshDone).await;
        assert_eq!(self.manager.info("p").unwrap().store_retry, None);
    }
}

fn names(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

const POINTS: [&str; 6] = [
    "beginning",
    "committing",
    "renamed",
    "synced",
    "recorded",
    "pruned",
];

#[tokio::test(start_paused = true)]
async fn write_that_hangs_is_undone_when_the_disk_answers() {
    for at in POINTS {
        let mut scene = Scene::new().await;
        scene.hang(at, json!({"a": 2})).await;
        // Nobody goes by what may not stay.
        assert!(scene.manager.info("p").unwrap().store_retry.is_some());
        scene.hold().set(None);
        scene.asked_again().await;
        let file = fs::read(scene.dir.path().join("p.json")).unwrap();
        let file: Value = serde_json::from_slice(&file).unwrap();
        assert_eq!(file, json!({"a": 1}), "{at}");
        assert_eq!(names(scene.dir.path()), [".history", "p.json"], "{at}");
        let history = names(&scene.dir.path().join(".history/p"));
        assert_eq!(history, ["1.json", "2.json"], "{at}");
        assert_eq!(*scene.plugin.enter().unwrap().instance(), json!({"a": 1}));

        // And a restart finds what was reported.
        let config = json!({"a": 3});
        let report = scene.manager.update_config("p", config.clone()).await;
        assert_eq!(report.unwrap().version, 3, "{at}");
        let builder = PluginManager::builder().plugin_dir(scene.dir.path());
        let plugin = register(&builder.build().unwrap()).await;
        assert_eq!(*plugin.enter().unwrap().instance(), config, "{at}");
    }
}

#[tokio::test(start_paused = true)]
async fn edit_that_came_after_a_late_write_stays() {
    let mut scene = Scene::new().await;
    scene.hang("recorded", json!({"a": 2})).await;
    let path = scene.dir.path().join("p.json");
    fs::write(&path, "{\"a\": 7}").unwrap();
    scene.hold().set(None);
    scene.asked_again().await;
    assert_eq!(fs::read_to_string(&path).unwrap(), "{\"a\": 7}");
    assert_eq!(*scene.plugin.enter().unwrap().instance(), json!({"a": 7}));
}

#[tokio::test(start_paused = true)]
async fn late_write_that_cannot_be_undone_is_taken_up() {
    let mut scene = Scene::new().await;
    scene.hang("pruned", json!({"a": 2})).await;
    // Nothing can be written beside it any more.
    let path = scene.dir.path().join("p.json");
    let kept = fs::read(&path).unwrap();
    let history = scene.dir.path().join(".history");
    fs::rename(scene.dir.path(), scene.dir.path().with_extension("away")).unwrap();
    scene.hold().set(None);
    scene.until(EventKind::RefreshScheduled).await;
    let rejected = scene.until(EventKind::ReloadRejected).await;
    assert!(rejected.message.contains("cannot find"), "{rejected:?}");
    fs::create_dir_all(history.join("p")).unwrap();
    fs::write(&path, kept).unwrap();
    scene.until(EventKind::ReloadApplied).await;
    assert_eq!(*scene.plugin.enter().unwrap().instance(), json!({"a": 2}));
    fs::remove_dir_all(scene.dir.path().with_extension("away")).unwrap();
}

#[tokio::test(start_paused = true)]
async fn plugin_whose_disk_hangs_holds_up_no_other() {
    let scene = Scene::new().await;
    let start = |config: Value| async move { Ok::<_, BoxError>(config) };
    let other = scene.manager.register("other", plugin_fn(start));
    let other = other.await.unwrap();
    scene.hang("renamed", json!({"a": 2})).await;
    let update = scene.manager.update_config("other", json!({"b": 1}));
    update.await.unwrap();
    assert_eq!(*other.enter().unwrap().instance(), json!({"b": 1}));
    scene.hold().set(None);
}

#[tokio::test]
async fn edit_during_a_write_is_a_change_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let store = FileStore::open(dir.path()).unwrap();
    let put = |number: u64, config: Value| {
        let version = format!("000000ab-{number}").parse().unwrap();
        Put::new(StoredVersion::new(version, config))
    };
    for (number, at) in [(1, "recorded"), (2, "pruned")] {
        // One that changes the file, and one that only records what is there.
        let config = json!({"a": number});
        store.hold().set(Some(at));
        let (writer, written) = (store.clone(), put(number, config));
        let writing = tokio::spawn(async move { writer.put("p", written).await });
        store.hold().reached.notified().await;
        let edited = json!({"a": number + 1});
        fs::write(dir.path().join("p.json"), edited.to_string()).unwrap();
        store.hold().set(None);
        let revision = writing.await.unwrap().unwrap();
        let mut changes = store.changes(revision);
        let change = tokio::time::timeout(Duration::from_secs(20), changes.next()).await;
        let change = change.expect("it is told").unwrap();
        let current = store.load("p").await.unwrap().unwrap();
        assert_eq!((current.config, current.version), (edited, None), "{at}");
        assert_eq!(current.revision, change.revision);
        let late = put(9, json!({})).expecting(revision);
        assert!(store.put("p", late).await.unwrap_err().is_conflict());
    }
}
