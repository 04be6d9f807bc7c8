//! The plugin directory itself, which may go and come back.

use std::fs;

use serde_json::json;
use tower_plugin::{EventKind, PluginState};

use super::Scene;

async fn scene() -> (Scene, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let plugins = dir.path().join("app/plugins");
    fs::create_dir_all(&plugins).unwrap();
    fs::write(plugins.join("p.json"), r#"{"value": 3}"#).unwrap();
    let scene = Scene::of(dir, &plugins).await;
    assert_eq!(scene.value(), 3);
    (scene, plugins)
}

#[tokio::test]
async fn directory_that_is_removed_is_told_and_watched_again_when_it_is_made_again() {
    for removed in ["app/plugins", "app"] {
        let (mut scene, plugins) = scene().await;
        for value in [4, 5] {
            fs::remove_dir_all(scene.dir.path().join(removed)).unwrap();
            let told = scene.until(EventKind::ReloadRejected).await.message;
            let named = plugins.to_str().unwrap();
            assert!(
                told.contains("cannot find") && told.contains(named),
                "{told}"
            );
            assert_eq!(scene.last_error(), told);
            assert_eq!(scene.plugin.state(), PluginState::Active, "it serves on");

            fs::create_dir_all(&plugins).unwrap();
            fs::write(plugins.join("p.json"), json!({"value": value}).to_string()).unwrap();
            scene.until_value(value).await;
            assert_eq!(scene.plugin.last_error(), None);
            let again = json!({"value": value + 10}).to_string();
            fs::write(plugins.join("p.json"), again).unwrap();
            scene.until_value(value + 10).await;
        }
    }
}

#[tokio::test]
async fn directory_that_is_exchanged_for_another_at_once_is_watched() {
    let (mut scene, plugins) = scene().await;
    for value in 4..8 {
        // As a deployment does it.
        let next = plugins.with_extension("next");
        fs::create_dir(&next).unwrap();
        fs::write(next.join("p.json"), json!({"value": value}).to_string()).unwrap();
        fs::rename(&plugins, plugins.with_extension(format!("{value}"))).unwrap();
        fs::rename(&next, &plugins).unwrap();
        scene.until_value(value).await;
        let again = json!({"value": value + 10}).to_string();
        fs::write(plugins.join("p.json"), again).unwrap();
        scene.until_value(value + 10).await;
    }
    // What was moved away is somebody else's.
    fs::write(plugins.with_extension("4").join("p.json"), "{").unwrap();
    scene.pass().await;
    assert_eq!((scene.value(), scene.plugin.last_error()), (17, None));
}

#[tokio::test]
async fn directory_that_comes_back_as_it_was_changes_nothing() {
    let (mut scene, plugins) = scene().await;
    let away = plugins.with_extension("away");
    fs::rename(&plugins, &away).unwrap();
    scene.until(EventKind::ReloadRejected).await;
    fs::rename(&away, &plugins).unwrap();
    scene.until(EventKind::RefreshDone).await;
    assert_eq!(scene.plugin.last_error(), None);
    assert_eq!((scene.value(), scene.plugin.generation()), (3, 1));
}
