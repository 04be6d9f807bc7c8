//! Of plain files.

use std::fs;

use serde_json::json;
use tower_plugin::{EventKind, Operation, PluginState};

use super::Scene;
use crate::scenario::Act;

#[tokio::test]
async fn file_that_is_written_in_place_is_taken_up_as_a_version_of_its_editor() {
    let mut scene = Scene::new().await;
    scene.write(r#"{"value": 5}"#);
    scene.until(EventKind::ReloadApplied).await;
    assert_eq!((scene.value(), scene.plugin.generation()), (5, 2));
    let history = scene.manager.history("p").await.unwrap();
    assert_eq!(history.versions[0].actor.as_deref(), Some("file"));
    assert_eq!(history.versions[0].version.number(), 2);
}

#[tokio::test]
async fn file_that_is_replaced_by_a_rename_is_taken_up_once() {
    let mut scene = Scene::new().await;
    scene.write(r#"{"value": 5}"#);
    scene.until(EventKind::ReloadApplied).await;
    // As editors do it that keep what was there before.
    let path = scene.dir.path().join("p.json");
    fs::rename(&path, scene.dir.path().join("p.json~")).unwrap();
    fs::write(scene.dir.path().join("p.json.swp"), r#"{"value": 6}"#).unwrap();
    fs::rename(scene.dir.path().join("p.json.swp"), &path).unwrap();
    scene.until(EventKind::ReloadApplied).await;
    assert_eq!(scene.value(), 6);
    scene.pass().await;
    assert_eq!(scene.plugin.generation(), 3);
}

#[tokio::test]
async fn broken_edit_is_told_and_the_generation_before_serves_on_until_it_is_mended() {
    let mut scene = Scene::new().await;
    for broken in [
        "{\"value\": 5,}",
        "",
        "{\"value\": -1}",
        "{\"value\": 1, \"value\": 2}",
    ] {
        scene.write(broken);
        let event = scene.until(EventKind::ReloadRejected).await;
        let told = scene.plugin.last_error().unwrap();
        assert_eq!(told, event.message);
        assert_eq!(
            (scene.value(), scene.plugin.generation()),
            (1, 1),
            "{broken}"
        );
        assert_eq!(scene.plugin.state(), PluginState::Active);
    }
    assert!(scene.plugin.last_error().unwrap().contains("line 1 column"));
    assert_eq!(scene.script.hooks(), (1, 0));

    scene.write(r#"{"value": 5}"#);
    scene.until(EventKind::ReloadApplied).await;
    assert_eq!((scene.value(), scene.plugin.last_error()), (5, None));
}

#[tokio::test]
async fn our_own_writes_and_those_that_change_nothing_reload_nothing() {
    let mut scene = Scene::new().await;
    for value in 2..12 {
        let update = scene.manager.update_config("p", json!({"value": value}));
        update.await.unwrap();
    }
    // What is in force already, written otherwise.
    scene.write("{\n\n\"value\":11}");
    scene.pass().await;
    assert_eq!((scene.value(), scene.plugin.generation()), (11, 11));
    let operations = scene.operations();
    let updates = operations
        .iter()
        .filter(|done| **done == Operation::UpdateConfig);
    assert_eq!(updates.count(), 10);
    let refreshes = operations
        .iter()
        .filter(|done| **done == Operation::Refresh);
    assert!(refreshes.count() <= 1, "{operations:?}");
    // And so does an edit no harm that was not taken up yet.
    scene
        .manager
        .update_config("p", json!({"value": 12}))
        .await
        .unwrap();
}

#[tokio::test]
async fn burst_of_edits_ends_with_the_last_of_them() {
    let mut scene = Scene::new().await;
    for value in 0..200 {
        scene.write(&json!({"value": value}).to_string());
    }
    scene.until_value(199).await;
    assert!(
        scene.plugin.generation() < 20,
        "{}",
        scene.plugin.generation()
    );
}

#[tokio::test]
async fn file_that_is_removed_changes_nothing_and_one_of_nobody_neither() {
    let mut scene = Scene::new().await;
    scene.write(r#"{"value": 5}"#);
    scene.until(EventKind::ReloadApplied).await;
    fs::remove_file(scene.dir.path().join("p.json")).unwrap();
    fs::write(scene.dir.path().join("nobody.json"), "{").unwrap();
    scene.pass().await;
    assert_eq!((scene.value(), scene.plugin.generation()), (5, 2));
    scene
        .manager
        .update_config("p", json!({"value": 6}))
        .await
        .unwrap();
}

#[tokio::test]
async fn edit_during_an_operation_waits_for_its_end() {
    let mut scene = Scene::new().await;
    scene.script.next_starts([Act::Wait]);
    let reload = crate::scenario::reload_in_background(&scene.manager, "p");
    scene.script.waiting().await;
    scene.write(r#"{"value": 5}"#);
    scene.pass().await;
    scene.script.go_on();
    reload.await.unwrap().unwrap();
    scene.until_value(5).await;
}
