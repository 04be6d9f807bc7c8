//! What was in force, who wanted it and why, and going back to it.

use std::sync::Arc;

use serde_json::{Value, json};
use tower_plugin::{ConfigStore, MASK, MemoryStore, Outcome, PluginManager, Put};

use crate::scenario::{Act, Script, Scripted};

async fn plugin(manager: &PluginManager, script: &Arc<Script>) {
    let registration = manager.register("p", Scripted(Arc::clone(script)));
    registration.config(json!({"value": 1})).await.unwrap();
}

async fn numbers(manager: &PluginManager) -> Vec<u64> {
    let history = manager.history("p").await.unwrap();
    assert_eq!(history.total_count, history.versions.len());
    let numbers = history.versions.iter().map(|info| info.version.number());
    numbers.collect()
}

fn value(value: u32) -> Value {
    json!({"value": value})
}

#[tokio::test]
async fn every_applied_config_is_a_version_and_nothing_else_is() {
    let (manager, script) = (PluginManager::new(), Script::new());
    plugin(&manager, &script).await;
    let update = manager.update_config("p", value(2));
    update.actor("ops").cause("more of it").await.unwrap();
    manager.patch_config("p", value(3)).await.unwrap();

    manager.update_config("p", value(3)).await.unwrap();
    manager
        .update_config("p", json!({"x": 1}))
        .await
        .unwrap_err();
    script.next_starts([Act::Fail("no")]);
    manager.update_config("p", value(4)).await.unwrap_err();
    manager.reload("p").await.unwrap();

    let history = manager.history("p").await.unwrap();
    let told: Vec<_> = history
        .versions
        .iter()
        .map(|info| {
            (
                info.version.number(),
                info.actor.as_deref(),
                info.cause.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (3, None, None),
            (2, Some("ops"), Some("more of it")),
            (1, None, None)
        ]
    );
    let current: Vec<_> = history
        .versions
        .iter()
        .map(|info| info.is_current)
        .collect();
    assert_eq!(current, [true, false, false]);
    assert!(
        history
            .versions
            .iter()
            .all(|info| info.outcome == Outcome::Applied)
    );
    assert_eq!(
        history.versions[0].version,
        manager.config("p").unwrap().version
    );
}

#[tokio::test]
async fn rollback_makes_a_new_version_of_an_old_config() {
    let (manager, script) = (PluginManager::new(), Script::new());
    plugin(&manager, &script).await;
    manager.update_config("p", value(2)).await.unwrap();
    let report = manager.rollback("p", 1).cause("worse").await.unwrap();
    assert_eq!((report.outcome, report.version), (Outcome::Applied, 3));
    assert_eq!(report.operation.as_str(), "rollback");
    assert_eq!(manager.config("p").unwrap().config, value(1));
    assert_eq!(numbers(&manager).await, [3, 2, 1]);

    // To what is in force already, there is nothing to do.
    let report = manager.rollback("p", 1).await.unwrap();
    assert_eq!((report.outcome, report.version), (Outcome::Unchanged, 3));
    let error = manager.rollback("p", 9).await.unwrap_err();
    assert!(error.is_version_not_found(), "{error}");
    assert!(error.to_string().contains("version 9"), "{error}");
    assert!(
        manager
            .rollback("nobody", 1)
            .await
            .unwrap_err()
            .is_not_found()
    );

    // A config that does not start any more is not gone back to.
    script.next_starts([Act::Fail("no")]);
    let error = manager.rollback("p", 2).await.unwrap_err();
    assert_eq!(error.report().unwrap().outcome, Outcome::RolledBack);
    assert_eq!(numbers(&manager).await, [3, 2, 1]);
}

#[tokio::test]
async fn rollback_of_a_disabled_plugin_is_kept_for_when_it_is_enabled() {
    let (manager, script) = (PluginManager::new(), Script::new());
    plugin(&manager, &script).await;
    manager.update_config("p", value(2)).await.unwrap();
    manager.disable("p").await.unwrap();
    manager.rollback("p", 1).await.unwrap();
    assert_eq!(script.hooks(), (2, 2));
    manager.enable("p").await.unwrap();
    assert_eq!(manager.config("p").unwrap().config, value(1));
}

#[tokio::test]
async fn version_that_the_type_refuses_by_now_is_not_gone_back_to() {
    let store = MemoryStore::new();
    let old = "000000ab-1".parse().unwrap();
    let old = tower_plugin::StoredVersion::new(old, json!({"value": "a text"}));
    store.put("p", Put::new(old)).await.unwrap();
    let newer = "000000ab-2".parse().unwrap();
    let newer = tower_plugin::StoredVersion::new(newer, value(2));
    store.put("p", Put::new(newer)).await.unwrap();

    let builder = PluginManager::builder().config_store(store);
    let (manager, script) = (builder.build().unwrap(), Script::new());
    plugin(&manager, &script).await;
    let error = manager.rollback("p", 1).await.unwrap_err();
    assert_eq!(error.config_error().unwrap().pointer(), "/value");
    assert_eq!(script.hooks(), (1, 0));
}

#[tokio::test]
async fn history_is_bounded_and_the_version_in_force_is_never_dropped() {
    let builder = PluginManager::builder().history_limit(3);
    let (manager, script) = (builder.build().unwrap(), Script::new());
    plugin(&manager, &script).await;
    for number in 2..=9 {
        manager.update_config("p", value(number)).await.unwrap();
        assert_eq!(numbers(&manager).await[0], u64::from(number));
    }
    assert_eq!(numbers(&manager).await, [9, 8, 7]);
    assert!(
        manager
            .rollback("p", 6)
            .await
            .unwrap_err()
            .is_version_not_found()
    );
    manager.rollback("p", 7).await.unwrap();
    assert_eq!(numbers(&manager).await, [10, 9, 8]);

    let builder = PluginManager::builder().history_limit(0);
    let manager = builder.build().unwrap();
    plugin(&manager, &script).await;
    manager.update_config("p", value(2)).await.unwrap();
    assert_eq!(numbers(&manager).await, [2]);
}

#[tokio::test]
async fn secrets_are_masked_in_versions_and_diffs_and_come_back_by_a_rollback() {
    let script = Arc::new(Script {
        secret: true,
        ..Script::default()
    });
    let store = MemoryStore::new();
    let builder = PluginManager::builder().config_store(store.clone());
    let manager = builder.build().unwrap();
    let registration = manager.register("p", Scripted(script));
    let registration = registration.config(json!({"value": 1, "tokens": ["0ld"]}));
    registration.await.unwrap();
    let config = json!({"value": 2, "tokens": ["n3w"]});
    manager.update_config("p", config).await.unwrap();

    let view = manager.config_at("p", 1).await.unwrap();
    assert_eq!(view.config, json!({"value": 1, "tokens": MASK}));
    let diff = json!(manager.diff("p", 1, 2).await.unwrap());
    assert_eq!(
        diff["changes"],
        json!([
            {"pointer": "/tokens", "kind": "changed", "before": MASK, "after": MASK},
            {"pointer": "/value", "kind": "changed", "before": 1, "after": 2},
        ])
    );
    let shown = format!("{diff}{:?}", manager.history("p").await.unwrap());
    assert!(!shown.contains("0ld") && !shown.contains("n3w"), "{shown}");

    manager.rollback("p", 1).await.unwrap();
    let stored = store.load("p").await.unwrap().unwrap();
    assert_eq!(stored.config, json!({"value": 1, "tokens": ["0ld"]}));
}

#[tokio::test]
async fn edited_file_is_a_version_of_its_editor() {
    let dir = tempfile::tempdir().unwrap();
    let builder = PluginManager::builder().plugin_dir(dir.path());
    let (manager, script) = (builder.build().unwrap(), Script::new());
    plugin(&manager, &script).await;
    let path = dir.path().join("p.json");
    std::fs::write(&path, "{\"value\":  7}").unwrap();
    manager.reload("p").await.unwrap();
    std::fs::write(&path, "{\"value\":  8}").unwrap();
    manager
        .reload("p")
        .actor("ops")
        .cause("tried 8")
        .await
        .unwrap();
    let history = manager.history("p").await.unwrap();
    let actors: Vec<_> = history
        .versions
        .iter()
        .map(|info| info.actor.as_deref())
        .collect();
    assert_eq!(actors, [Some("ops"), Some("file"), None]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"value\":  8}");

    manager.rollback("p", 2).await.unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, "{\n  \"value\": 7\n}\n");
}
