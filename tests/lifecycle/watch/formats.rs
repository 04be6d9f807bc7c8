//! Of files in TOML and YAML, and from one format to another.

use std::fs;
use std::path::Path;

use tower_plugin::{EventKind, PluginManager};

use super::Scene;
use crate::scenario::{Script, Scripted};

const FILES: [(&str, &str); 3] = [
    ("p.toml", "# mine\nvalue = 3\n"),
    ("p.yaml", "# mine\nvalue: 3\n"),
    ("p.yml", "# mine\nvalue: 3\n"),
];

/// What is told of the directory by a manager that starts with it.
async fn told_at_start(dir: &Path) -> String {
    let manager = PluginManager::builder().plugin_dir(dir).build().unwrap();
    let plugin = manager.register("p", Scripted(Script::new()));
    plugin.await.unwrap().last_error().expect("it is told")
}

#[tokio::test]
async fn each_format_is_taken_up_when_it_is_edited_in_place_and_by_a_rename() {
    for (name, text) in FILES {
        let mut scene = Scene::at(|dir| fs::write(dir.join(name), text).unwrap()).await;
        let file = scene.dir.path().join(name);
        assert_eq!(scene.value(), 3, "{name}");
        fs::write(&file, text.replace('3', "4")).unwrap();
        scene.until_value(4).await;
        let other = scene.dir.path().join(format!(".{name}.swp"));
        fs::write(&other, text.replace('3', "5")).unwrap();
        fs::rename(&other, &file).unwrap();
        scene.until_value(5).await;

        fs::write(&file, format!("{text}value")).unwrap();
        let rejected = scene.until(EventKind::ReloadRejected).await.message;
        assert!(
            rejected.contains(name) && rejected.contains("line 3"),
            "{rejected}"
        );
        fs::write(&file, text.replace('3', "nan").replace(": nan", ": .nan")).unwrap();
        let rejected = scene.until(EventKind::ReloadRejected).await.message;
        let place = if name == "p.toml" {
            "line 2 column 9"
        } else {
            "line 2 column 8"
        };
        let told = format!("must be a finite number at {place}");
        assert!(
            rejected.contains(name) && rejected.contains(&told),
            "{rejected}"
        );
        assert_eq!(scene.value(), 5, "it serves on");
        fs::write(&file, text.replace('3', "6")).unwrap();
        scene.until_value(6).await;
        assert_eq!(scene.plugin.last_error(), None);
    }
}

#[tokio::test]
async fn file_in_another_format_takes_the_place_of_one_that_is_removed() {
    let mut scene = Scene::new().await;
    let dir = scene.dir.path().to_owned();
    scene.write(r#"{"value": 2}"#);
    scene.until_value(2).await;
    let mut before = dir.join("p.json");
    for (name, text) in FILES {
        // As it is safest: the one goes, then the other comes.
        fs::remove_file(&before).unwrap();
        fs::write(dir.join(name), text).unwrap();
        scene.until_value(3).await;
        fs::write(dir.join(name), text.replace('3', "4")).unwrap();
        scene.until_value(4).await;
        before = dir.join(name);
    }
    // And at once.
    fs::write(&before, "{\"value\": 5}").unwrap();
    fs::rename(&before, dir.join("p.json")).unwrap();
    scene.until_value(5).await;
}

#[tokio::test]
async fn two_files_for_one_plugin_are_told_as_at_the_start() {
    for (name, text) in FILES {
        let mut scene = Scene::new().await;
        let dir = scene.dir.path().to_owned();
        scene.write(r#"{"value": 2}"#);
        scene.until_value(2).await;
        fs::write(dir.join(name), text).unwrap();
        let rejected = scene.until(EventKind::ReloadRejected).await.message;
        assert_eq!(scene.last_error(), rejected);
        assert!(
            rejected.contains("p.json") && rejected.contains(name),
            "{rejected}"
        );
        let at_start = told_at_start(&dir).await;
        assert!(at_start.starts_with(&rejected), "{at_start:?} {rejected:?}");
        assert_eq!(scene.value(), 2, "it serves on");

        // Either may go.
        fs::remove_file(dir.join("p.json")).unwrap();
        scene.until_value(3).await;
        assert_eq!(scene.plugin.last_error(), None);
    }
}
