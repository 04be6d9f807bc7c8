//! What is stored is not what serves: the plugin works, and is degraded.

use std::fs;

use serde_json::json;
use tower_plugin::{EventKind, Outcome, PluginManager, ReportedHealth};

use crate::scenario::events::until;
use crate::scenario::files::manager;
use crate::scenario::{Act, Script, Scripted};

fn edit(dir: &tempfile::TempDir, text: &str) {
    fs::write(dir.path().join("p.json"), text).unwrap();
}

/// That it is degraded, in words that have `why` in them, and ready all the same.
#[track_caller]
fn assert_degraded(manager: &PluginManager, why: &str) {
    let health = manager.info("p").unwrap().health;
    let message = health.message.unwrap_or_default();
    assert_eq!(health.status, ReportedHealth::Degraded, "{message}");
    let stored = "the stored config is not in force";
    assert!(
        message.contains(stored) && message.contains(why),
        "{message}"
    );
    assert_eq!(manager.status().health_status.unhealthy_count, 1);
    assert!(manager.is_ready());
}

#[track_caller]
fn assert_healthy(manager: &PluginManager) {
    let health = manager.info("p").unwrap().health;
    let told = (health.status, health.message.as_deref());
    assert_eq!(told, (ReportedHealth::Healthy, None));
    assert_eq!(manager.status().health_status.unhealthy_count, 0);
}

async fn register(manager: &PluginManager) -> std::sync::Arc<Script> {
    let script = Script::new();
    let plugin = manager.register("p", Scripted(script.clone()));
    plugin.required().await.unwrap();
    script
}

#[tokio::test]
async fn last_good_version_in_place_of_a_broken_file_is_degraded_until_that_is_mended() {
    let dir = tempfile::tempdir().unwrap();
    let first = manager(dir.path());
    register(&first).await;
    first.update_config("p", json!({"value": 5})).await.unwrap();
    first.shutdown().await;
    edit(&dir, "{\"value\": 7,}");

    let second = manager(dir.path());
    register(&second).await;
    assert_degraded(&second, "line 1 column 13");
    second.reload("p").await.unwrap_err();
    assert_degraded(&second, "line 1 column 13");
    edit(&dir, "{\"value\": 7}");
    second.reload("p").await.unwrap();
    assert_healthy(&second);
}

#[tokio::test]
async fn edit_that_is_refused_is_told_as_a_change_of_health() {
    let dir = tempfile::tempdir().unwrap();
    let manager = manager(dir.path());
    register(&manager).await;
    let mut events = manager.subscribe();
    edit(&dir, "{\"value\": \"x\"}");
    manager.reload("p").await.unwrap_err();
    assert_degraded(&manager, "must be u32");
    let event = until(&mut events, EventKind::HealthChanged).await;
    let told = "health changed from healthy to degraded: ";
    assert!(event.message.starts_with(told), "{event:?}");

    // A change of config that is refused stores nothing, and mends nothing.
    manager
        .update_config("p", json!({"value": -1}))
        .await
        .unwrap_err();
    assert_degraded(&manager, "must be u32");
    // One that is applied replaces the file.
    manager
        .update_config("p", json!({"value": 3}))
        .await
        .unwrap();
    assert_healthy(&manager);
}

#[tokio::test]
async fn edit_that_does_not_start_is_told_and_a_change_that_does_not_is_not_stored() {
    let dir = tempfile::tempdir().unwrap();
    let manager = manager(dir.path());
    let script = register(&manager).await;
    script.next_starts([Act::Fail("no")]);
    manager
        .update_config("p", json!({"value": 3}))
        .await
        .unwrap_err();
    assert_healthy(&manager);

    edit(&dir, "{\"value\": 4}");
    script.next_starts([Act::Fail("no room")]);
    let failed = manager.reload("p").await.unwrap_err();
    assert_eq!(failed.report().unwrap().outcome, Outcome::RolledBack);
    assert_degraded(&manager, "no room");
    // A retry of the same edit ends well.
    manager.reload("p").await.unwrap();
    assert_healthy(&manager);
    // A reload of what serves that fails is no drift.
    script.next_starts([Act::Fail("no room")]);
    manager.reload("p").await.unwrap_err();
    assert_healthy(&manager);
}

#[tokio::test]
async fn config_that_serves_already_is_put_in_place_of_what_is_broken() {
    for is_disabled in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let manager = manager(dir.path());
        register(&manager).await;
        manager
            .update_config("p", json!({"value": 5}))
            .await
            .unwrap();
        if is_disabled {
            manager.disable("p").await.unwrap();
        }
        let mut version = 2;
        let same = [
            manager.update_config("p", json!({"value": 5})),
            manager.rollback("p", 2),
        ];
        for operation in same {
            edit(&dir, "{\"value\": ");
            manager.reload("p").await.unwrap_err();
            let report = operation.await.unwrap();
            version += 1;
            assert_eq!(
                (report.outcome, report.version),
                (Outcome::Applied, version)
            );
            let text = fs::read_to_string(dir.path().join("p.json")).unwrap();
            assert_eq!(text, "{\n  \"value\": 5\n}\n");
            assert_healthy(&manager);
        }
        let again = manager.update_config("p", json!({"value": 5}));
        assert_eq!(again.await.unwrap().outcome, Outcome::Unchanged);
    }
}
