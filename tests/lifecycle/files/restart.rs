//! What a restart finds.

use std::fs;

use serde_json::json;

use crate::scenario::files::{manager, names, stored};
use crate::scenario::{Act, Script, Scripted, register};

#[tokio::test]
async fn applied_config_survives_a_restart_and_a_failed_one_leaves_no_trace() {
    let (dir, script) = (tempfile::tempdir().unwrap(), Script::new());
    let first = manager(dir.path());
    register(&first, "p", &script).await;
    first.update_config("p", json!({"value": 5})).await.unwrap();
    script.next_starts([Act::Fail("no")]);
    first
        .update_config("p", json!({"value": 6}))
        .await
        .unwrap_err();
    first
        .update_config("p", json!({"value": -1}))
        .await
        .unwrap_err();
    first.shutdown().await;
    assert_eq!(stored(dir.path()), json!({"value": 5}));
    assert_eq!(names(dir.path()), [".history", "p.json"]);
    let kept = names(&dir.path().join(".history/p"));
    assert_eq!(kept, ["1.json", "2.json"]);

    let second = manager(dir.path());
    let registration = second
        .register("p", Scripted(script))
        .config(json!({"value": 1}));
    let plugin = registration.await.unwrap();
    assert_eq!(plugin.enter().unwrap().instance().value, 5);
    assert_eq!(second.config("p").unwrap().config, json!({"value": 5}));
}

#[tokio::test]
async fn version_of_a_config_outlives_the_process() {
    let (dir, script) = (tempfile::tempdir().unwrap(), Script::new());
    let version = async |default: u32| {
        let manager = manager(dir.path());
        let registration = manager.register("p", Scripted(script.clone()));
        registration
            .config(json!({"value": default}))
            .await
            .unwrap();
        (manager.config("p").unwrap().version, manager)
    };
    let (default, _) = version(1).await;
    let (again, _) = version(1).await;
    assert_eq!(again, default);
    let (other, manager) = version(2).await;
    assert_eq!(other.number(), 2);
    manager
        .update_config("p", json!({"value": 9}))
        .await
        .unwrap();
    let (stored, manager) = version(1).await;
    assert_eq!(stored.number(), 3);

    // What was read before the restart may be changed after it, once.
    let change = |value: u32| manager.update_config("p", json!({"value": value}));
    let stale = change(10).if_version(other).await.unwrap_err();
    assert!(stale.is_version_mismatch(), "{stale}");
    change(10).if_version(stored).await.unwrap();
    change(11).if_version(stored).await.unwrap_err();

    fs::write(dir.path().join("p.json"), r#"{"value": 12}"#).unwrap();
    let (edited, _) = version(1).await;
    assert_eq!(edited.number(), 5);
}
