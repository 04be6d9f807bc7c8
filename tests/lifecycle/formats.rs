//! Configs that operators write in TOML and YAML.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;
use tower_plugin::{BoxError, Outcome, PluginHandle, PluginManager, PluginState, plugin_fn};

use crate::scenario::{Instance, Script, Scripted, files};

const FILES: [(&str, &str); 3] = [
    ("p.toml", "# mine\nvalue = 7\ntokens = [\"s3cr3t\"]\n"),
    ("p.yaml", "# mine\nvalue: 7\ntokens: [s3cr3t]\n"),
    ("p.yml", "# mine\nvalue: 7\ntokens: [s3cr3t]\n"),
];

async fn start(dir: &Path) -> (PluginManager, PluginHandle<Instance>) {
    let manager = files::manager(dir);
    let script = Arc::new(Script {
        secret: true,
        ..Script::default()
    });
    let plugin = manager.register("p", Scripted(script)).await.unwrap();
    (manager, plugin)
}

fn names(dir: &Path) -> Vec<String> {
    let mut names = files::names(dir);
    names.retain(|name| !name.starts_with('.'));
    names
}

#[tokio::test]
async fn file_in_another_format_is_read_and_written_back_in_its_own() {
    for (name, text) in FILES {
        let dir = TempDir::new().unwrap();
        let file = dir.path().join(name);
        fs::write(&file, text).unwrap();
        let (manager, plugin) = start(dir.path()).await;
        assert_eq!(plugin.enter().unwrap().instance().value, 7, "{name}");

        // Who changes nothing keeps their comments.
        let same = json!({"value": 7, "tokens": "******"});
        let report = manager.update_config("p", same).await.unwrap();
        assert_eq!(report.outcome, Outcome::Unchanged);
        manager.reload("p").await.unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), text);

        manager
            .patch_config("p", json!({"value": 8}))
            .await
            .unwrap();
        assert_eq!(names(dir.path()), [name]);
        let written = fs::read_to_string(&file).unwrap();
        assert!(
            written.contains("value") && !written.contains('{'),
            "{written}"
        );
        assert!(
            written.contains("s3cr3t") && !written.contains("mine"),
            "{written}"
        );
        manager.shutdown().await;

        let (manager, plugin) = start(dir.path()).await;
        assert_eq!(plugin.enter().unwrap().instance().value, 8, "{name}");
        assert_eq!(manager.config("p").unwrap().version.number(), 2);
        fs::write(&file, written.replace('8', "9")).unwrap();
        manager.reload("p").await.unwrap();
        assert_eq!(plugin.enter().unwrap().instance().value, 9, "{name}");
        manager.rollback("p", 2).await.unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), written);
    }
}

#[tokio::test]
async fn two_files_for_one_plugin_are_one_too_many() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("p.toml"), "value = 1").unwrap();
    fs::write(dir.path().join("p.json"), "{\"value\": 2}").unwrap();
    let (manager, plugin) = start(dir.path()).await;
    let error = plugin.last_error().unwrap();
    assert!(
        error.contains("p.json") && error.contains("p.toml"),
        "{error}"
    );
    assert_eq!(plugin.state(), PluginState::Failed);
    let put = manager.update_config("p", json!({"value": 3})).await;
    assert!(put.unwrap_err().is_store_unavailable());
    assert_eq!(
        fs::read_to_string(dir.path().join("p.toml")).unwrap(),
        "value = 1"
    );

    fs::remove_file(dir.path().join("p.json")).unwrap();
    manager.reload("p").await.unwrap();
    assert_eq!(plugin.enter().unwrap().instance().value, 1);
    fs::write(dir.path().join("p.yaml"), "value: 2").unwrap();
    let error = manager.reload("p").await.unwrap_err().to_string();
    assert!(
        error.contains("p.yaml") && error.contains("p.toml"),
        "{error}"
    );
    assert_eq!(plugin.enter().unwrap().instance().value, 1, "it serves on");
}

#[tokio::test]
async fn broken_file_is_reported_with_its_place_and_the_plugin_serves_on() {
    for (name, text) in FILES {
        let dir = TempDir::new().unwrap();
        let file = dir.path().join(name);
        fs::write(&file, text).unwrap();
        let (manager, plugin) = start(dir.path()).await;
        for (broken, at) in [
            (format!("{text}] s3cr3t"), Some(4)),
            ("\u{0}".to_owned(), Some(1)),
        ] {
            fs::write(&file, &broken).unwrap();
            let error = manager.reload("p").await.unwrap_err();
            let told = format!("{error} {error:?}");
            assert!(
                error.is_store_unavailable() && told.contains(name),
                "{told}"
            );
            let line = format!("line {}", at.unwrap());
            assert!(error.to_string().contains(&line), "{broken:?}: {error}");
            assert!(!told.contains("s3cr3t"), "{told}");
            assert_eq!(plugin.enter().unwrap().instance().value, 7);
        }
    }
}

#[tokio::test]
async fn config_that_its_file_cannot_hold_is_refused() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("p.toml");
    fs::write(&file, "value = 1").unwrap();
    let manager = PluginManager::builder()
        .plugin_dir(dir.path())
        .build()
        .unwrap();
    let start = |config: Value| async move { Ok::<_, BoxError>(config) };
    let plugin = manager.register("p", plugin_fn(start)).await.unwrap();
    for dry in [true, false] {
        let update = manager.update_config("p", json!({"more": {"a": null}}));
        let update = if dry { update.dry_run() } else { update };
        let error = update.await.unwrap_err();
        let refused = error.config_error().expect("the config is refused");
        assert_eq!(refused.pointer(), "/more/a", "{refused}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "value = 1");
    assert_eq!(plugin.enter().unwrap().instance()["value"], 1);
}
