use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tower_plugin::{BuildError, DryRunStep, EventKind, Outcome, PluginManager, PluginState};

use crate::scenario::log::Log;
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

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<_> = entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect();
    names.sort();
    names
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
    assert_eq!(names(dir.path()), [".history", "p.json"]);
    let kept = names(&dir.path().join(".history/p"));
    assert_eq!(kept, ["1.json", "2.json"]);

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
async fn reload_of_a_disabled_plugin_keeps_an_edit_for_when_it_is_enabled() {
    let (dir, script) = (tempfile::tempdir().unwrap(), Script::new());
    let manager = manager(&dir);
    let plugin = manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
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

#[tokio::test]
async fn plugin_dir_that_is_gone_is_not_one_without_configs() {
    let (dir, script) = (tempfile::tempdir().unwrap(), Script::new());
    let manager = manager(&dir);
    let plugin = manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
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
async fn log_says_which_version_serves_in_place_of_a_broken_file() {
    let log = Log::of_everything();
    let (dir, script) = (tempfile::tempdir().unwrap(), Script::new());
    let first = manager(&dir);
    let registration = first.register("half-written", Scripted(script.clone()));
    registration.await.unwrap();
    first
        .update_config("half-written", json!({"value": 5}))
        .await
        .unwrap();
    first.shutdown().await;
    fs::write(dir.path().join("half-written.json"), "{").unwrap();
    let second = manager(&dir);
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

#[tokio::test]
async fn broken_file_has_the_last_good_version_served_until_it_is_mended() {
    for broken in ["", "{\"value\": 7,}", "{\"value\": \"x\"}", "[]"] {
        let (dir, script) = (tempfile::tempdir().unwrap(), Script::new());
        let path = dir.path().join("p.json");
        let first = manager(&dir);
        first.register("p", Scripted(script.clone())).await.unwrap();
        first.update_config("p", json!({"value": 5})).await.unwrap();
        let version = first.config("p").unwrap().version;
        first.shutdown().await;

        fs::write(&path, broken).unwrap();
        let second = manager(&dir);
        let mut events = second.subscribe();
        let plugin = second.register("p", Scripted(script)).await.unwrap();
        let other = second
            .register("other", Scripted(Script::new()))
            .await
            .unwrap();
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
    let manager = manager(&dir);
    let plugin = manager.register("p", Scripted(script)).await.unwrap();
    manager
        .update_config("p", json!({"value": 3}))
        .await
        .unwrap();
    assert_eq!(plugin.enter().unwrap().instance().value, 3);
    assert_eq!(file(&dir), json!({"value": 3}));
}

#[tokio::test]
async fn version_of_a_config_outlives_the_process() {
    let (dir, script) = (tempfile::tempdir().unwrap(), Script::new());
    let version = async |default: u32| {
        let manager = manager(&dir);
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
