//! Files that no config can be read from: a clear error, nothing lost, no other plugin concerned.

use std::fs::{self, File};
use std::path::Path;

use serde_json::json;
use tower_plugin::{Outcome, PluginState};

use crate::scenario::files::manager;
use crate::scenario::{Script, register};

/// What is in the way, and what is told of it.
struct Bad {
    put: Box<dyn Fn(&Path)>,
    told: &'static str,
}

fn bytes(bytes: impl Into<Vec<u8>>, told: &'static str) -> Bad {
    let bytes = bytes.into();
    let put = Box::new(move |path: &Path| fs::write(path, &bytes).unwrap());
    Bad { put, told }
}

fn all() -> Vec<Bad> {
    let directory = |path: &Path| fs::create_dir(path).unwrap();
    let huge = |path: &Path| {
        let file = File::create(path).unwrap();
        file.set_len(100 * 1024 * 1024).unwrap();
    };
    vec![
        bytes("", "EOF while parsing a value at line 1 column 0"),
        bytes("{\n  \"value\": 1,\n}", "trailing comma at line 3 column 1"),
        bytes(
            *b"{\"value\": \"\xc3\x28\"}",
            "invalid unicode code point at line 1 column 12",
        ),
        bytes(
            "{\"value\": 1,\n\"value\": 2}",
            "a member is there twice at line 2 column 7",
        ),
        bytes(
            "{\"value\":".repeat(10_000),
            "recursion limit exceeded at line 1 column",
        ),
        bytes(
            "[".repeat(10_000),
            "recursion limit exceeded at line 1 column",
        ),
        bytes("{\"value\": NaN}", "expected value at line 1 column 11"),
        bytes(
            "{\"value\": Infinity}",
            "expected value at line 1 column 11",
        ),
        bytes(
            "{\"value\": 1e999}",
            "number out of range at line 1 column 15",
        ),
        bytes("{\"value\": 01}", "invalid number at line 1 column 12"),
        bytes("{} {}", "trailing characters at line 1 column 4"),
        bytes("null", "must be a JSON object"),
        Bad {
            put: Box::new(directory),
            told: "not a file",
        },
        Bad {
            put: Box::new(huge),
            told: "16777216 bytes, and this has more",
        },
    ]
}

#[tokio::test]
async fn each_fails_the_start_of_its_plugin_where_there_is_nothing_to_go_back_to() {
    for bad in all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.json");
        (bad.put)(&path);
        let (manager, script) = (manager(dir.path()), Script::new());
        let plugin = register(&manager, "p", &script).await;
        let other = register(&manager, "other", &Script::new()).await;
        assert_eq!(plugin.state(), PluginState::Failed, "{}", bad.told);
        let told = plugin.last_error().unwrap();
        assert!(told.contains(bad.told) && told.contains("p.json"), "{told}");
        assert_eq!(
            (other.state(), other.last_error()),
            (PluginState::Active, None)
        );
        assert_eq!(script.hooks(), (0, 0));
        assert!(path.exists());
    }
}

#[tokio::test]
async fn each_is_refused_by_a_reload_and_by_a_restart_and_stays_to_be_looked_at() {
    for bad in all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.json");
        let (first, script) = (manager(dir.path()), Script::new());
        let plugin = register(&first, "p", &script).await;
        first.update_config("p", json!({"value": 5})).await.unwrap();
        fs::remove_file(&path).unwrap();
        (bad.put)(&path);
        let before = fs::metadata(&path).unwrap().len();

        let error = first.reload("p").await.unwrap_err();
        let told = error.to_string();
        assert!(
            error.is_store_unavailable() && told.contains(bad.told),
            "{told}"
        );
        assert_eq!((plugin.generation(), script.hooks()), (2, (2, 1)));
        assert_eq!(plugin.enter().unwrap().instance().value, 5);
        first.shutdown().await;

        let second = manager(dir.path());
        let plugin = register(&second, "p", &Script::new()).await;
        assert_eq!(plugin.enter().unwrap().instance().value, 5, "{}", bad.told);
        assert!(plugin.last_error().unwrap().contains(bad.told));
        assert_eq!(fs::metadata(&path).unwrap().len(), before);

        // Once it is out of the way, so is the trouble.
        if path.is_dir() {
            fs::remove_dir(&path).unwrap();
        }
        fs::write(&path, r#"{"value": 6}"#).unwrap();
        let report = second.reload("p").await.unwrap();
        assert_eq!(report.outcome, Outcome::Applied);
        assert_eq!(
            (
                plugin.enter().unwrap().instance().value,
                plugin.last_error()
            ),
            (6, None)
        );
    }
}
