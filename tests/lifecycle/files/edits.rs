//! Files that are edited, and taken up by a reload.

use std::fs;

use serde_json::json;
use tower_plugin::{DryRunStep, Outcome, PluginState};

use crate::scenario::files::manager;
use crate::scenario::{Script, register};

#[tokio::test]
async fn reload_takes_up_an_edited_file_and_refuses_a_broken_one() {
    let (dir, script) = (tempfile::tempdir().unwrap(), Script::new());
    let manager = manager(dir.path());
    let plugin = register(&manager, "p", &script).await;
    let path = dir.path().join("p.json");
    fs::write(&path, r#"{"value": 8}"#).unwrap();
    let report = manager.reload("p").await.unwrap();
    assert_eq!((report.outcome, report.version), (Outcome::Applied, 2));
    assert_eq!(plugin.enter().unwrap().instance().value, 8);

    fs::write(&path, "{\"value\": 9,}").unwrap();
    let error = manager.reload("p").await.unwrap_err();
    assert!(error.is_store_unavailable());
    assert!(error.to_string().contains("line 1 column 13"), "{error}");
    fs::write(&path, r#"{"value": "x"}"#).unwrap();
    assert_eq!(
        manager
            .reload("p")
            .await
            .unwrap_err()
            .config_error()
            .unwrap()
            .pointer(),
        "/value"
    );
    assert_eq!((plugin.generation(), script.hooks()), (2, (2, 1)));
}

#[tokio::test]
async fn reload_of_a_disabled_plugin_keeps_an_edit_for_when_it_is_enabled() {
    let (dir, script) = (tempfile::tempdir().unwrap(), Script::new());
    let manager = manager(dir.path());
    let plugin = register(&manager, "p", &script).await;
    manager
        .update_config("p", json!({"value": 2}))
        .await
        .unwrap();
    manager.disable("p").await.unwrap();
    fs::write(dir.path().join("p.json"), r#"{"value": 8}"#).unwrap();
    let conflict = manager.update_config("p", json!({"value": 9}));
    assert!(conflict.await.unwrap_err().to_string().contains("reload"));

    let rehearsed = manager.reload("p").dry_run().await.unwrap();
    assert_eq!(rehearsed.dry_run.unwrap().would, DryRunStep::Keep);
    let report = manager.reload("p").await.unwrap();
    assert_eq!((report.outcome, report.version), (Outcome::Applied, 3));
    assert_eq!(plugin.state(), PluginState::Disabled);
    let again = manager.reload("p").await.unwrap();
    assert_eq!((again.outcome, again.version), (Outcome::Unchanged, 3));
    assert_eq!(script.hooks(), (2, 2), "nothing was started");

    manager
        .update_config("p", json!({"value": 9}))
        .await
        .unwrap();
    let edit = manager.config_at("p", 3).await.unwrap();
    assert_eq!(edit.config, json!({"value": 8}), "it is not lost");
    let history = manager.history("p").await.unwrap();
    assert_eq!(history.versions[1].actor.as_deref(), Some("file"));
    manager.enable("p").await.unwrap();
    assert_eq!(plugin.enter().unwrap().instance().value, 9);
}
