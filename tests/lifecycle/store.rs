use std::fs;

use serde_json::{Value, json};
use tower_plugin::{BuildError, Outcome, PluginManager, PluginState};

use crate::scenario::{Act, Script, Scripted};

fn manager(dir: &tempfile::TempDir) -> PluginManager {
    PluginManager::builder()
        .plugin_dir(dir.path())
        .build()
        .unwrap()
}

fn file(dir: &tempfile::TempDir) -> Value {
    serde_json::from_slice(&fs::read(dir.path().join("p.json")).unwrap()).unwrap()
}

#[tokio::test]
async fn applied_config_survives_a_restart_and_a_failed_one_leaves_no_trace() {
    let (dir, script) = (tempfile::tempdir().unwrap(), Script::new());
    let first = manager(&dir);
    first.register("p", Scripted(script.clone())).await.unwrap();
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
    assert_eq!(file(&dir), json!({"value": 5}));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);

    let second = manager(&dir);
    let registration = second
        .register("p", Scripted(script))
        .config(json!({"value": 1}));
    let plugin = registration.await.unwrap();
    assert_eq!(plugin.enter().unwrap().instance().value, 5);
    assert_eq!(second.config("p").unwrap().config, json!({"value": 5}));
}

#[tokio::test]
async fn reload_takes_up_an_edited_file_and_refuses_a_broken_one() {
    let (dir, script) = (tempfile::tempdir().unwrap(), Script::new());
    let manager = manager(&dir);
    let plugin = manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
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
async fn broken_file_fails_its_plugin_and_no_other_until_it_is_mended() {
    let (dir, script) = (tempfile::tempdir().unwrap(), Script::new());
    fs::write(dir.path().join("p.json"), "{").unwrap();
    let manager = manager(&dir);
    let plugin = manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
    let other = manager
        .register("other", Scripted(Script::new()))
        .await
        .unwrap();
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
async fn config_that_cannot_be_stored_is_refused_before_anything_is_touched() {
    let (dir, script) = (tempfile::tempdir().unwrap(), Script::new());
    let manager = manager(&dir);
    let plugin = manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
    dir.close().unwrap();
    let error = manager
        .update_config("p", json!({"value": 3}))
        .await
        .unwrap_err();
    assert!(error.is_store_unavailable(), "{error}");
    assert_eq!((plugin.generation(), script.hooks()), (1, (1, 0)));
    assert_eq!(manager.config("p").unwrap().version.number(), 1);
}

#[tokio::test]
async fn file_in_the_way_of_a_config_refuses_it_and_permissions_are_kept() {
    let (dir, script) = (tempfile::tempdir().unwrap(), Script::new());
    let manager = manager(&dir);
    manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
    let path = dir.path().join("p.json");
    fs::create_dir(&path).unwrap();
    let error = manager
        .update_config("p", json!({"value": 3}))
        .await
        .unwrap_err();
    assert!(error.is_store_unavailable(), "{error}");
    assert_eq!(script.hooks(), (1, 0));
    fs::remove_dir(&path).unwrap();

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::write(&path, "{}").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        manager
            .update_config("p", json!({"value": 4}))
            .await
            .unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o640
        );
    }
}

#[tokio::test]
async fn plugin_dir_that_is_none_is_refused_when_the_manager_is_built() {
    let built = PluginManager::builder()
        .plugin_dir("/does/not/exist")
        .build();
    let Err(error @ BuildError::PluginDir { .. }) = built else {
        panic!("{built:?}")
    };
    assert!(error.to_string().contains("/does/not/exist"), "{error}");
}
