//! What an operator finds in the plugin directory.

use std::fs::{self, File};
use std::path::Path;

use serde_json::{Value, json};
use tower_plugin::{ConfigStore, FileStore, Put, StoredVersion};

use crate::scenario::files::names;

fn put(number: u64, config: Value) -> Put {
    let version = format!("000000ab-{number}").parse().unwrap();
    Put::new(StoredVersion::new(version, config))
}

#[tokio::test]
async fn current_config_is_plain_and_its_history_lies_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = FileStore::open(dir.path()).unwrap();
    let mut first = put(1, json!({"a": [1]}));
    first.version.actor = Some("ops".to_owned());
    store.put("p", first).await.unwrap();
    store.put("p", put(2, json!({"a": 2}))).await.unwrap();

    assert_eq!(names(dir.path()), [".history", "p.json"]);
    let text = fs::read_to_string(dir.path().join("p.json")).unwrap();
    assert_eq!(text, "{\n  \"a\": 2\n}\n");
    let history = dir.path().join(".history/p");
    assert_eq!(names(&history), ["1.json", "2.json"]);
    let first: Value = serde_json::from_slice(&fs::read(history.join("1.json")).unwrap()).unwrap();
    assert_eq!(first["config"], json!({"a": [1]}));
    assert_eq!(
        (
            &first["version"],
            &first["etag"],
            &first["actor"],
            &first["outcome"]
        ),
        (
            &json!(1),
            &json!("000000ab-1"),
            &json!("ops"),
            &json!("applied")
        )
    );
}

#[tokio::test]
async fn file_that_holds_the_config_already_stays_as_it_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let store = FileStore::open(dir.path()).unwrap();
    let path = dir.path().join("p.json");
    fs::write(&path, "{ \"b\":1,\n\n\"a\" : 2 }").unwrap();
    let edited = store.load("p").await.unwrap().unwrap();
    assert_eq!(edited.version, None);
    let put = put(1, json!({"a": 2, "b": 1})).expecting(edited.revision);
    store.put("p", put).await.unwrap();
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "{ \"b\":1,\n\n\"a\" : 2 }"
    );
    let current = store.load("p").await.unwrap().unwrap();
    assert!(current.version.is_some());
    assert_eq!(current.revision, edited.revision);
}

#[tokio::test]
async fn edit_that_was_not_seen_is_a_conflict_and_is_not_lost() {
    let dir = tempfile::tempdir().unwrap();
    let store = FileStore::open(dir.path()).unwrap();
    let first = store.put("p", put(1, json!({"a": 1}))).await.unwrap();
    let prepared = store.prepare("p", put(2, json!({"a": 2})).expecting(first));
    let prepared = prepared.await.unwrap();
    fs::write(dir.path().join("p.json"), r#"{"a": 3}"#).unwrap();
    let error = prepared.commit().await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    assert!(error.to_string().contains("p.json"), "{error}");
    let current = store.load("p").await.unwrap().unwrap();
    assert_eq!((current.config, current.version), (json!({"a": 3}), None));
    assert_eq!(names(&dir.path().join(".history/p")), ["1.json"]);
}

#[cfg(unix)]
#[tokio::test]
async fn everything_of_a_secret_is_the_owners_only_at_all_times() {
    use std::os::unix::fs::PermissionsExt;

    fn modes(dir: &Path) -> Vec<u32> {
        let mode = |name: &String| {
            let metadata = fs::metadata(dir.join(name)).unwrap();
            metadata.permissions().mode() & 0o777
        };
        let is_file = |name: &&String| dir.join(name).is_file();
        names(dir).iter().filter(is_file).map(mode).collect()
    }

    let dir = tempfile::tempdir().unwrap();
    let history = dir.path().join(".history/p");
    let store = FileStore::open(dir.path()).unwrap();
    fs::write(dir.path().join("p.json"), "{}").unwrap();
    store.put("p", put(1, json!({"a": 1}))).await.unwrap();
    assert_eq!(
        (modes(dir.path()), modes(&history)),
        (vec![0o644], vec![0o644])
    );

    let mut secret = put(2, json!({"a": 2}));
    secret.is_secret = true;
    let prepared = store.prepare("p", secret).await.unwrap();
    let mut temporary = modes(dir.path());
    temporary.extend(modes(&history));
    temporary.sort_unstable();
    assert_eq!(temporary, [0o600, 0o600, 0o644, 0o644]);
    prepared.commit().await.unwrap();
    assert_eq!(modes(dir.path()), [0o600]);
    assert_eq!(modes(&history), [0o644, 0o600]);
}

#[tokio::test]
async fn broken_files_are_reported_with_their_place_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = FileStore::open(dir.path()).unwrap();
    let path = dir.path().join("p.json");
    let deep = "{\"a\":".repeat(10_000);
    for (content, told, position) in [
        (&b""[..], "EOF while parsing a value", Some((1, 0))),
        (b"{\n \"a\": 1,\n}", "trailing comma", Some((3, 1))),
        (
            b"{\"a\": \"\xff\"}",
            "invalid unicode code point",
            Some((1, 8)),
        ),
        (
            b"{\"a\": 1,\n \"a\": 2}",
            "a member is there twice",
            Some((2, 4)),
        ),
        (b"{\"a\": NaN}", "expected value", Some((1, 7))),
        (b"{\"a\": 1e999}", "number out of range", Some((1, 11))),
        (b"{\"a\": -Infinity}", "invalid number", Some((1, 8))),
        (deep.as_bytes(), "recursion limit", Some((1, 636))),
        (b"[1]", "a config must be a JSON object", None),
    ] {
        fs::write(&path, content).unwrap();
        let error = store.load("p").await.unwrap_err();
        assert!(error.is_broken(), "{error}");
        assert_eq!(error.path(), Some(&*path));
        let text = error.to_string();
        assert!(text.contains(told) && text.contains("p.json"), "{text}");
        assert_eq!(error.position(), position, "{text}");
        if let Some((line, column)) = position {
            assert!(
                text.contains(&format!("line {line} column {column}")),
                "{text}"
            );
        }
        assert_eq!(fs::read(&path).unwrap(), content);
    }

    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let error = store.load("p").await.unwrap_err().to_string();
    assert!(error.contains("not a file"), "{error}");
    let error = store.put("p", put(1, json!({}))).await.unwrap_err();
    assert!(error.to_string().contains("not a file"), "{error}");
    fs::remove_dir(&path).unwrap();

    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        let error = store.load("p").await.unwrap_err().to_string();
        assert!(error.contains("not a file"), "{error}");
        fs::remove_file(&path).unwrap();
    }

    let long = File::create(&path).unwrap();
    long.set_len(100 * 1024 * 1024).unwrap();
    let error = store.load("p").await.unwrap_err().to_string();
    assert!(error.contains("this has more"), "{error}");
    assert_eq!(fs::metadata(&path).unwrap().len(), 100 * 1024 * 1024);
}

#[tokio::test]
async fn version_that_cannot_be_read_spoils_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let store = FileStore::open(dir.path()).unwrap();
    for number in 1..=3 {
        let put = put(number, json!({"a": number}));
        store.put("p", put).await.unwrap();
    }
    fs::write(dir.path().join(".history/p/2.json"), "{").unwrap();
    let history = store.history("p").await.unwrap();
    let numbers: Vec<_> = history.iter().map(|kept| kept.version.number()).collect();
    assert_eq!(numbers, [3, 1]);
    let error = store.version("p", 2).await.unwrap_err();
    assert!(
        error.is_broken() && error.to_string().contains("2.json"),
        "{error}"
    );
}

#[tokio::test]
async fn what_a_crash_left_behind_is_removed_and_what_is_at_work_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let store = FileStore::open(dir.path()).unwrap();
    let prepared = store.prepare("p", put(1, json!({"a": 1}))).await.unwrap();
    fs::write(dir.path().join(".config-dead"), "{").unwrap();

    let other = FileStore::open(dir.path()).unwrap();
    assert!(!names(dir.path()).contains(&".config-dead".to_owned()));
    assert_eq!(other.load("p").await.unwrap(), None);
    prepared.commit().await.unwrap();
    let current = other.load("p").await.unwrap().unwrap();
    assert_eq!(current.config, json!({"a": 1}));
    assert!(current.version.is_some());
}

#[tokio::test]
async fn names_that_lead_elsewhere_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = FileStore::open(dir.path()).unwrap();
    for name in ["", ".", "..", "../p", "a/b", "A"] {
        assert!(store.load(name).await.is_err(), "{name}");
        assert!(store.put(name, put(1, json!({}))).await.is_err(), "{name}");
    }
    assert!(names(dir.path()).is_empty());
}
