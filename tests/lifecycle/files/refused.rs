//! Directories and files that are not there, or in the way.

use std::fs;

use serde_json::json;
use tower_plugin::{BuildError, PluginManager};

use crate::scenario::files::manager;
use crate::scenario::{Script, register};

#[tokio::test]
async fn plugin_dir_that_is_gone_is_not_one_without_configs() {
    let (dir, script) = (tempfile::tempdir().unwrap(), Script::new());
    let manager = manager(dir.path());
    let plugin = register(&manager, "p", &script).await;
    manager
        .update_config("p", json!({"value": 2}))
        .await
        .unwrap();
    let away = dir.path().with_extension("away");
    fs::rename(dir.path(), &away).unwrap();
    let told = [
        manager.reload("p").await.unwrap_err(),
        manager.reload("p").dry_run().await.unwrap_err(),
        manager.history("p").await.unwrap_err(),
        manager.config_at("p", 1).await.unwrap_err(),
        manager
            .update_config("p", json!({"value": 3}))
            .await
            .unwrap_err(),
    ];
    for error in told {
        assert!(error.is_store_unavailable(), "{error}");
        let named = dir.path().to_str().unwrap();
        assert!(error.to_string().contains(named), "{error}");
    }
    assert!(!dir.path().exists());
    assert_eq!((plugin.generation(), script.hooks()), (2, (2, 1)));

    fs::write(away.join("p.json"), r#"{"value": 7}"#).unwrap();
    fs::rename(&away, dir.path()).unwrap();
    let unseen = manager.update_config("p", json!({"value": 3}));
    assert!(
        unseen
            .await
            .unwrap_err()
            .to_string()
            .contains("changed there")
    );
    manager.reload("p").await.unwrap();
    assert_eq!(plugin.enter().unwrap().instance().value, 7);
}

#[tokio::test]
async fn config_that_cannot_be_stored_is_refused_before_anything_is_touched() {
    let (dir, script) = (tempfile::tempdir().unwrap(), Script::new());
    let manager = manager(dir.path());
    let plugin = register(&manager, "p", &script).await;
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
    let manager = manager(dir.path());
    register(&manager, "p", &script).await;
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
        manager.reload("p").await.unwrap();
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
