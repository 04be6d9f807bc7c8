//! A store that does not work: a clear error, nothing lost, and no other plugin concerned.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use tower_plugin::{
    ConfigStore, ConfigVersion, EventKind, FileStore, Outcome, PluginManager, PluginState,
    ReloadStrategy,
};

use crate::scenario::store::{During, Flaky, Outage};
use crate::scenario::{Act, Script, Scripted};

const STRATEGIES: [ReloadStrategy; 2] = [ReloadStrategy::Recreate, ReloadStrategy::Replace];
const OUTAGES: [Outage; 3] = [Outage::Fails, Outage::Hangs, Outage::Panics];

fn manager(store: &Flaky) -> PluginManager {
    PluginManager::builder()
        .config_store(store.clone())
        .store_timeout(Duration::from_secs(10))
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn change_that_cannot_be_prepared_is_refused_before_anything_is_touched() {
    for outage in OUTAGES {
        let (store, script) = (Flaky::default(), Script::new());
        let manager = manager(&store);
        let plugin = manager
            .register("p", Scripted(script.clone()))
            .await
            .unwrap();
        store.fail(During::Prepare, outage);
        let error = manager
            .update_config("p", json!({"value": 2}))
            .await
            .unwrap_err();
        assert!(error.is_store_unavailable(), "{error}");
        assert!(error.to_string().contains("nothing was changed"), "{error}");
        assert_eq!((plugin.generation(), script.hooks()), (1, (1, 0)));
        store.heal();
        manager
            .update_config("p", json!({"value": 2}))
            .await
            .unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn change_that_cannot_be_committed_is_taken_back() {
    for strategy in STRATEGIES {
        for outage in OUTAGES {
            let (store, script) = (Flaky::default(), Script::new());
            let manager = manager(&store);
            let registration = manager.register("p", Scripted(script)).strategy(strategy);
            let plugin = registration.config(json!({"value": 1})).await.unwrap();
            store.fail(During::Commit, outage);
            let mut events = manager.subscribe();
            let update = manager.update_config("p", json!({"value": 2}));
            let error = update.await.unwrap_err();
            // Nobody was told of a version that is no more.
            loop {
                match events.recv().await.unwrap().kind {
                    EventKind::ReloadRolledBack => break,
                    kind => assert_ne!(kind, EventKind::ConfigChanged),
                }
            }
            assert!(
                error.is_store_unavailable(),
                "{strategy:?} {outage:?}: {error}"
            );
            let report = error.report().unwrap();
            assert_eq!((report.outcome, report.version), (Outcome::RolledBack, 1));
            assert_eq!(report.state, PluginState::Active);
            assert_eq!(plugin.enter().unwrap().instance().value, 1);
            let view = manager.config("p").unwrap();
            assert_eq!(
                (view.config, view.version.number()),
                (json!({"value": 1}), 1)
            );
            assert_eq!(store.inner.load("p").await.unwrap(), None);

            store.heal();
            let report = manager
                .update_config("p", json!({"value": 3}))
                .await
                .unwrap();
            assert_eq!((report.outcome, report.version), (Outcome::Applied, 2));
            assert_eq!(plugin.enter().unwrap().instance().value, 3);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn replaced_generation_is_taken_back_without_a_pause() {
    let (store, script) = (Flaky::default(), Script::new());
    let manager = manager(&store);
    let registration = manager.register("p", Scripted(script.clone()));
    let registration = registration.strategy(ReloadStrategy::Replace);
    let plugin = registration.config(json!({"value": 1})).await.unwrap();
    store.fail(During::Commit, Outage::Fails);
    script.next_starts([Act::Succeed, Act::Wait]);
    let update = tokio::spawn(
        manager
            .update_config("p", json!({"value": 2}))
            .into_future(),
    );
    script.waiting().await;
    assert_eq!(plugin.enter().unwrap().instance().value, 2);
    assert_eq!(manager.config("p").unwrap().config, json!({"value": 1}));
    script.go_on();
    let error = update.await.unwrap().unwrap_err();
    assert_eq!(error.report().unwrap().outcome, Outcome::RolledBack);
    assert_eq!(plugin.enter().unwrap().instance().value, 1);
    assert_eq!(script.hooks(), (3, 2));
}

#[tokio::test(start_paused = true)]
async fn config_kept_for_a_disabled_plugin_is_taken_back_without_starting_it() {
    let (store, script) = (Flaky::default(), Script::new());
    let manager = manager(&store);
    manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
    manager.disable("p").await.unwrap();
    store.fail(During::Commit, Outage::Fails);
    manager
        .update_config("p", json!({"value": 2}))
        .await
        .unwrap_err();
    assert_eq!(manager.config("p").unwrap().config, json!({}));
    assert_eq!(script.hooks(), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn store_that_does_not_answer_fails_its_plugin_in_time_and_no_other() {
    for outage in OUTAGES {
        let (store, script) = (Flaky::default(), Script::new());
        store.fail(During::Load, outage);
        let manager = manager(&store);
        let began = tokio::time::Instant::now();
        let plugin = manager
            .register("p", Scripted(script.clone()))
            .await
            .unwrap();
        assert!(
            began.elapsed() <= Duration::from_secs(21),
            "{:?}",
            began.elapsed()
        );
        assert_eq!(plugin.state(), PluginState::Failed);
        assert!(
            plugin.last_error().unwrap().contains("store"),
            "{:?}",
            plugin.last_error()
        );
        assert_eq!(script.hooks(), (0, 0));

        store.heal();
        manager.reload("p").await.unwrap();
        let other = manager
            .register("other", Scripted(Script::new()))
            .await
            .unwrap();
        store.fail(During::Load, outage);
        let (reload, manager) = (manager.reload("p").into_future(), &manager);
        let serve = async {
            tokio::task::yield_now().await;
            assert!(other.enter().is_ok() && plugin.enter().is_ok());
            assert_eq!(manager.list().total_count, 2);
            manager.disable("other").await.unwrap();
        };
        let (reload, ()) = tokio::join!(reload, serve);
        let error = reload.unwrap_err();
        assert!(error.is_store_unavailable(), "{error}");
        assert!(plugin.enter().is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn history_that_cannot_be_written_holds_up_no_start_and_no_reload() {
    for during in [During::Prepare, During::Commit] {
        let (store, script) = (Flaky::default(), Script::new());
        store.fail(during, Outage::Fails);
        let manager = manager(&store);
        let plugin = manager.register("p", Scripted(script)).await.unwrap();
        assert_eq!(plugin.state(), PluginState::Active);
        assert_eq!(manager.reload("p").await.unwrap().outcome, Outcome::Applied);
    }
}

/// The version in force, which must not have been that of another config.
fn see(seen: &mut HashMap<ConfigVersion, Value>, manager: &PluginManager) -> u64 {
    let view = manager.config("p").unwrap();
    let before = seen.insert(view.version, view.config.clone());
    assert!(
        before.is_none_or(|before| before == view.config),
        "{view:?}"
    );
    view.version.number()
}

#[tokio::test]
async fn tag_names_one_config_though_the_history_cannot_be_written() {
    let dir = tempfile::tempdir().unwrap();
    let store = Flaky::over(FileStore::open(dir.path()).unwrap());
    let edit = |config: Value| fs::write(dir.path().join("p.json"), config.to_string()).unwrap();
    let mut seen = HashMap::new();
    let first = manager(&store);
    let plugin = first.register("p", Scripted(Script::new()));
    plugin.config(json!({"value": 1})).await.unwrap();
    assert_eq!(see(&mut seen, &first), 1);

    store.fail(During::Prepare, Outage::Fails);
    // To 1 again, too, which the history has.
    for value in [2, 1, 3] {
        edit(json!({ "value": value }));
        assert_eq!(first.reload("p").await.unwrap().outcome, Outcome::Applied);
        see(&mut seen, &first);
    }
    first.shutdown().await;
    for value in [4, 5] {
        edit(json!({ "value": value }));
        let next = manager(&store);
        next.register("p", Scripted(Script::new())).await.unwrap();
        // Its number tells nothing: no history has the one before.
        assert_eq!(see(&mut seen, &next), 2);
        edit(json!({ "value": value + 10 }));
        next.reload("p").await.unwrap();
        see(&mut seen, &next);
        next.shutdown().await;
    }

    // What is put down again is found again.
    store.heal();
    let next = manager(&store);
    next.register("p", Scripted(Script::new())).await.unwrap();
    see(&mut seen, &next);
    let last = next.config("p").unwrap().version;
    next.shutdown().await;
    let next = manager(&store);
    next.register("p", Scripted(Script::new())).await.unwrap();
    assert_eq!(next.config("p").unwrap().version, last);
}
