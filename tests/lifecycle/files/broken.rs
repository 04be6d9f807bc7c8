//! Files that are broken, and what serves in their place.

use std::fs;

use serde_json::json;
use tower_plugin::{EventKind, Outcome, PluginState};

use crate::scenario::files::{manager, stored};
use crate::scenario::log::Log;
use crate::scenario::{Script, Scripted, register};

#[tokio::test]
async fn log_says_which_version_serves_in_place_of_a_broken_file() {
    let log = Log::of_everything();
    let (dir, script) = (tempfile::tempdir().unwrap(), Script::new());
    let first = manager(dir.path());
    let registration = first.register("half-written", Scripted(script.clone()));
    registration.await.unwrap();
    first
        .update_config("half-written", json!({"value": 5}))
        .await
        .unwrap();
    first.shutdown().await;
    fs::write(dir.path().join("half-written.json"), "{").unwrap();
    let second = manager(dir.path());
    second
        .register("half-written", Scripted(script))
        .await
        .unwrap();
    let text = log.text();
    let told = text
        .lines()
        .find(|line| line.contains("half-written") && line.contains("version 2 serves instead"));
    assert!(told.is_some_and(|line| line.contains("WARN")), "{told:?}");
}

#[tokio::test]
async fn broken_file_fails_its_plugin_and_no_other_until_it_is_mended() {
    let (dir, script) = (tempfile::tempdir().unwrap(), Script::new());
    fs::write(dir.path().join("p.json"), "{").unwrap();
    let manager = manager(dir.path());
    let plugin = register(&manager, "p", &script).await;
    let other = register(&manager, "other", &Script::new()).await;
    assert_eq!(plugin.state(), PluginState::Failed);
    let told = plugin.last_error().unwrap();
    assert!(
        told.contains("p.json") && told.contains("line 1 column 1"),
        "{told}"
    );
    assert!(other.enter().is_ok());
    assert_eq!(script.hooks(), (0, 0));

    fs::write(dir.path().join("p.json"), r#"{"value": 2}"#).unwrap();
    assert_eq!(manager.reload("p").await.unwrap().outcome, Outcome::Applied);
    assert_eq!(plugin.enter().unwrap().instance().value, 2);
}

#[tokio::test]
async fn broken_file_has_the_last_good_version_served_until_it_is_mended() {
    for broken in ["", "{\"value\": 7,}", "{\"value\": \"x\"}", "[]"] {
        let (dir, script) = (tempfile::tempdir().unwrap(), Script::new());
        let path = dir.path().join("p.json");
        let first = manager(dir.path());
        register(&first, "p", &script).await;
        first.update_config("p", json!({"value": 5})).await.unwrap();
        let version = first.config("p").unwrap().version;
        first.shutdown().await;

        fs::write(&path, broken).unwrap();
        let second = manager(dir.path());
        let mut events = second.subscribe();
        let plugin = register(&second, "p", &script).await;
        let other = register(&second, "other", &Script::new()).await;
        assert_eq!(plugin.enter().unwrap().instance().value, 5, "{broken}");
        assert_eq!(second.config("p").unwrap().version, version);
        let told = plugin.last_error().unwrap();
        assert!(told.contains("version 2 serves instead"), "{told}");
        assert_eq!(
            (other.state(), other.last_error()),
            (PluginState::Active, None)
        );
        while events.recv().await.unwrap().kind != EventKind::ReloadRejected {}
        assert_eq!(fs::read_to_string(&path).unwrap(), broken);

        fs::write(&path, r#"{"value": 8}"#).unwrap();
        let report = second.reload("p").await.unwrap();
        assert_eq!((report.outcome, report.version), (Outcome::Applied, 3));
        assert_eq!(plugin.last_error(), None);
    }
}

#[tokio::test]
async fn broken_file_is_replaced_by_a_change_that_comes_after_it_was_told() {
    let (dir, script) = (tempfile::tempdir().unwrap(), Script::new());
    fs::write(dir.path().join("p.json"), "{").unwrap();
    let manager = manager(dir.path());
    let plugin = register(&manager, "p", &script).await;
    manager
        .update_config("p", json!({"value": 3}))
        .await
        .unwrap();
    assert_eq!(plugin.enter().unwrap().instance().value, 3);
    assert_eq!(stored(dir.path()), json!({"value": 3}));
}
