//! A store that does not answer is asked again, and what it says then is taken up.

use std::time::Duration;

use serde_json::{Value, json};
use tower_plugin::{
    Backoff, ConfigStore, Event, EventKind, EventStream, Operation, Outcome, PluginHandle,
    PluginManager, Put, StoredVersion,
};

use crate::scenario::events::until;
use crate::scenario::store::{During, Flaky, Outage};
use crate::scenario::{Act, Instance, Script, Scripted};

struct Scene {
    store: Flaky,
    manager: PluginManager,
    plugin: PluginHandle<Instance>,
    script: std::sync::Arc<Script>,
    events: EventStream,
}

impl Scene {
    async fn new() -> Self {
        let store = Flaky::default();
        let backoff = Backoff::new().max(Duration::from_secs(60)).max_attempts(5);
        let builder = PluginManager::builder().config_store(store.clone());
        let builder = builder.store_retry(backoff).watch_store();
        let (manager, script) = (builder.build().unwrap(), Script::new());
        let plugin = manager.register("p", Scripted(script.clone()));
        let plugin = plugin.config(json!({"value": 1})).await.unwrap();
        // Until what changes is noticed.
        while manager.status().store_watch.is_none() {
            tokio::task::yield_now().await;
        }
        let events = manager.subscribe();
        Self {
            store,
            manager,
            plugin,
            script,
            events,
        }
    }

    /// As another server that has the same store.
    async fn edit(&self, config: Value) {
        let version = StoredVersion::new("000000ab-7".parse().unwrap(), config);
        self.store.inner.put("p", Put::new(version)).await.unwrap();
    }

    async fn until(&mut self, kind: EventKind) -> Event {
        until(&mut self.events, kind).await
    }

    fn value(&self) -> u32 {
        self.plugin.enter().unwrap().instance().value
    }
}

#[tokio::test(start_paused = true)]
async fn change_that_cannot_be_read_is_read_when_the_store_answers() {
    for outage in [Outage::Fails, Outage::Hangs, Outage::Panics] {
        let mut scene = Scene::new().await;
        scene.store.fail(During::Load, outage);
        scene.edit(json!({"value": 5})).await;
        for attempt in 1..4 {
            let scheduled = scene.until(EventKind::RefreshScheduled).await.message;
            assert!(
                scheduled.contains(&format!("attempt {attempt} ")),
                "{scheduled}"
            );
            let info = scene.manager.info("p").unwrap();
            assert_eq!(info.store_retry.unwrap().attempt, attempt);
            assert_eq!(info.last_error.unwrap().operation, Operation::Refresh);
            assert_eq!(scene.value(), 1, "it serves on");
        }
        scene.store.heal();
        scene.until(EventKind::RefreshDone).await;
        let info = scene.manager.info("p").unwrap();
        assert_eq!((info.store_retry, info.last_error.is_none()), (None, true));
        assert_eq!((scene.value(), scene.script.hooks()), (5, (2, 1)));
    }
}

#[tokio::test(start_paused = true)]
async fn store_that_never_answers_is_given_up_and_asked_by_the_next_reload() {
    let mut scene = Scene::new().await;
    scene.store.fail(During::Load, Outage::Fails);
    scene.edit(json!({"value": 5})).await;
    let given_up = scene.until(EventKind::RefreshGivenUp).await.message;
    assert!(
        given_up.contains("5 times") && given_up.contains("reload"),
        "{given_up}"
    );
    assert!(
        scene
            .manager
            .info("p")
            .unwrap()
            .store_retry
            .unwrap()
            .next_at
            .is_none()
    );
    // An hour later nobody has asked again.
    scene.store.heal();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(scene.value(), 1);
    scene.manager.reload("p").await.unwrap();
    assert_eq!(scene.value(), 5);
    assert!(scene.manager.info("p").unwrap().store_retry.is_none());
}

#[tokio::test(start_paused = true)]
async fn store_given_up_by_a_change_before_the_next_attempt_promises_none() {
    let mut scene = Scene::new().await;
    scene.store.fail(During::Load, Outage::Fails);
    for value in 5..10 {
        scene.edit(json!({"value": value})).await;
        scene.until(EventKind::RefreshScheduled).await;
    }
    scene.edit(json!({"value": 10})).await;
    scene.until(EventKind::RefreshGivenUp).await;
    let shown = scene.manager.info("p").unwrap().store_retry.unwrap();
    assert_eq!((shown.attempt, shown.next_at), (5, None));
}

#[tokio::test(start_paused = true)]
async fn reload_by_hand_ends_the_asking() {
    let mut scene = Scene::new().await;
    scene.store.fail(During::Load, Outage::Fails);
    scene.edit(json!({"value": 5})).await;
    scene.until(EventKind::RefreshScheduled).await;
    scene.store.heal();
    scene.manager.reload("p").await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let operations = scene.manager.operations();
    let refreshes = operations
        .iter()
        .filter(|done| done.operation == Operation::Refresh);
    assert_eq!(refreshes.count(), 1);
    assert_eq!((scene.value(), scene.script.hooks()), (5, (2, 1)));
}

#[tokio::test(start_paused = true)]
async fn config_that_is_refused_is_not_asked_for_again() {
    let mut scene = Scene::new().await;
    scene.edit(json!({"value": "x"})).await;
    scene.until(EventKind::ReloadRejected).await;
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(scene.manager.info("p").unwrap().store_retry.is_none());
    let operations = scene.manager.operations();
    let refreshes = operations
        .iter()
        .filter(|done| done.operation == Operation::Refresh);
    assert_eq!(refreshes.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn change_that_was_kept_too_late_is_taken_up_after_all() {
    let mut scene = Scene::new().await;
    scene.store.fail(During::Commit, Outage::IsLate);
    let update = scene.manager.update_config("p", json!({"value": 2})).await;
    let error = update.unwrap_err();
    assert!(error.store_error().unwrap().is_timeout(), "{error}");
    assert_eq!(error.report().unwrap().outcome, Outcome::RolledBack);
    // It is there, and a restart would load it: so it is told and serves.
    scene.store.heal();
    scene.until(EventKind::ConfigChanged).await;
    scene.until(EventKind::ReloadApplied).await;
    assert_eq!(scene.value(), 2);
    let view = scene.manager.config("p").unwrap();
    assert_eq!(
        (view.config, view.version.number()),
        (json!({"value": 2}), 2)
    );
    scene
        .manager
        .update_config("p", json!({"value": 3}))
        .await
        .unwrap();
    assert_eq!(scene.value(), 3);
}

#[tokio::test(start_paused = true)]
async fn change_during_an_operation_is_taken_up_though_another_was_seen_by_it() {
    let mut scene = Scene::new().await;
    scene.edit(json!({"value": 5})).await;
    scene.until(EventKind::ReloadApplied).await;
    scene.script.next_starts([Act::Wait]);
    let reload = crate::scenario::reload_in_background(&scene.manager, "p");
    scene.script.waiting().await;
    for value in [6, 7] {
        scene.edit(json!({"value": value})).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    scene.script.go_on();
    reload.await.unwrap().unwrap();
    while scene.value() != 7 {
        scene.until(EventKind::ReloadApplied).await;
    }
}

#[tokio::test(start_paused = true)]
async fn store_that_tells_of_no_changes_is_told_and_asked_again() {
    let mut scene = Scene::new().await;
    assert!(scene.manager.status().store_watch.unwrap().active);
    scene.store.fail(During::Changes, Outage::Fails);
    let failed = scene.until(EventKind::WatchFailed).await;
    assert!(failed.plugin.is_empty() && failed.message.contains("no space left"));
    let shown = scene.manager.status().store_watch.unwrap();
    assert_eq!((shown.active, shown.message), (false, Some(failed.message)));
    assert!(shown.retry.unwrap().next_at.is_some());

    // What is changed meanwhile is not lost, and the same failure is not told again.
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(
        scene
            .manager
            .status()
            .store_watch
            .unwrap()
            .retry
            .unwrap()
            .attempt
            > 5
    );
    scene.store.heal();
    scene.edit(json!({"value": 5})).await;
    let mut kinds = Vec::new();
    while scene.value() != 5 {
        kinds.push(scene.events.recv().await.unwrap().kind);
    }
    assert!(!kinds.contains(&EventKind::WatchFailed), "{kinds:?}");
    while !kinds.contains(&EventKind::WatchRestored) {
        kinds.push(scene.events.recv().await.unwrap().kind);
    }
    let shown = scene.manager.status().store_watch.unwrap();
    assert!(shown.active && shown.message.is_none() && shown.retry.is_none());
}
