//! What every store must do, for any that is given: call [`check`] with how to make an empty one.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;
use tower_plugin::{ConfigStore, Put, Revision, StoredVersion};

/// Longer than anything here may take.
const LONG: Duration = Duration::from_secs(20);

pub async fn check<S: ConfigStore, F: Future<Output = S>>(mut fresh: impl FnMut() -> F) {
    nothing_is_nothing(&fresh().await).await;
    what_was_put_is_loaded_with_its_version_and_revision(&fresh().await).await;
    put_that_expects_another_revision_is_a_conflict(&fresh().await).await;
    conflict_is_found_at_the_commit_too(&fresh().await).await;
    prepared_put_that_is_dropped_leaves_no_trace(&fresh().await).await;
    history_is_newest_first_and_bounded(&fresh().await).await;
    version_keeps_everything_that_was_said(&fresh().await).await;
    default_is_in_the_history_and_not_current(&fresh().await).await;
    plugins_are_apart(&fresh().await).await;
    changes_can_be_resumed_from_any_revision(&fresh().await).await;
    of_many_with_one_revision_one_puts(&fresh().await).await;
}

fn version(number: u64, config: Value) -> StoredVersion {
    let version = format!("000000ab-{number}").parse().unwrap();
    StoredVersion::new(version, config)
}

fn put(number: u64) -> Put {
    Put::new(version(number, json!({"value": number})))
}

async fn numbers(store: &impl ConfigStore, plugin: &str) -> Vec<u64> {
    let history = store.history(plugin).await.unwrap();
    history.iter().map(|kept| kept.version.number()).collect()
}

async fn nothing_is_nothing(store: &impl ConfigStore) {
    assert_eq!(store.load("p").await.unwrap(), None);
    assert_eq!(store.history("p").await.unwrap(), []);
    assert_eq!(store.version("p", 1).await.unwrap(), None);
}

async fn what_was_put_is_loaded_with_its_version_and_revision(store: &impl ConfigStore) {
    let first = store.put("p", put(1)).await.unwrap();
    let second = store.put("p", put(2)).await.unwrap();
    assert!(Revision::ABSENT < first && first < second);
    let current = store.load("p").await.unwrap().unwrap();
    assert_eq!(current.revision, second);
    assert_eq!(current.version, Some("000000ab-2".parse().unwrap()));
    assert_eq!(current.config, json!({"value": 2}));
    assert_eq!(store.load("p").await.unwrap(), Some(current));
}

async fn put_that_expects_another_revision_is_a_conflict(store: &impl ConfigStore) {
    let absent = put(1).expecting(Revision::ABSENT);
    let first = store.put("p", absent.clone()).await.unwrap();
    let conflict = store.put("p", absent).await.unwrap_err();
    assert!(conflict.is_conflict(), "{conflict}");
    assert_eq!(conflict.revision(), Some(first));
    let second = store.put("p", put(2).expecting(first)).await.unwrap();
    let late = store.put("p", put(3).expecting(first)).await.unwrap_err();
    assert_eq!(late.revision(), Some(second));
    assert_eq!(numbers(store, "p").await, [2, 1]);
}

async fn conflict_is_found_at_the_commit_too(store: &impl ConfigStore) {
    let first = store.put("p", put(1)).await.unwrap();
    let prepared = store.prepare("p", put(2).expecting(first)).await.unwrap();
    store.put("p", put(3)).await.unwrap();
    assert!(prepared.commit().await.unwrap_err().is_conflict());
    let current = store.load("p").await.unwrap().unwrap();
    assert_eq!(current.config, json!({"value": 3}));
    assert_eq!(numbers(store, "p").await, [3, 1]);
}

async fn prepared_put_that_is_dropped_leaves_no_trace(store: &impl ConfigStore) {
    store.put("p", put(1)).await.unwrap();
    let before = store.load("p").await.unwrap();
    drop(store.prepare("p", put(2)).await.unwrap());
    assert_eq!(store.load("p").await.unwrap(), before);
    assert_eq!(numbers(store, "p").await, [1]);
}

async fn history_is_newest_first_and_bounded(store: &impl ConfigStore) {
    for number in 1..=12 {
        let mut put = put(number);
        put.history_limit = 3;
        store.put("p", put).await.unwrap();
        let kept = numbers(store, "p").await;
        assert_eq!(kept.first(), Some(&number));
        assert!(kept.len() <= 3, "{kept:?}");
    }
    assert_eq!(numbers(store, "p").await, [12, 11, 10]);
    assert_eq!(store.version("p", 9).await.unwrap(), None);
    let kept = store.version("p", 10).await.unwrap().unwrap();
    assert_eq!(kept.config, json!({"value": 10}));

    let mut none = put(13);
    none.history_limit = 0;
    store.put("p", none).await.unwrap();
    assert_eq!(numbers(store, "p").await, [13]);
}

async fn version_keeps_everything_that_was_said(store: &impl ConfigStore) {
    let mut said = version(1, json!({"a": [1.5, null, "ä\u{0}\u{1f600}"], "b": {}}));
    said.actor = Some("ops@example.org".to_owned());
    said.cause = Some("new \"limits\"\nfor all".to_owned());
    // Whole seconds are kept.
    said.time = std::time::UNIX_EPOCH + Duration::from_secs(1_764_000_000);
    store.put("p", Put::new(said.clone())).await.unwrap();
    assert_eq!(store.history("p").await.unwrap(), [said.clone()]);
    assert_eq!(store.version("p", 1).await.unwrap(), Some(said));
}

async fn default_is_in_the_history_and_not_current(store: &impl ConfigStore) {
    let mut default = put(1).expecting(Revision::ABSENT);
    default.is_current = false;
    let revision = store.put("p", default).await.unwrap();
    assert_eq!(revision, Revision::ABSENT);
    assert_eq!(store.load("p").await.unwrap(), None);
    assert_eq!(numbers(store, "p").await, [1]);
    store.put("p", put(2).expecting(revision)).await.unwrap();
}

async fn plugins_are_apart(store: &impl ConfigStore) {
    store.put("a", put(1)).await.unwrap();
    store.put("a.b", put(2)).await.unwrap();
    let a = store.load("a").await.unwrap().unwrap();
    assert_eq!(a.config, json!({"value": 1}));
    assert_eq!(numbers(store, "a").await, [1]);
    assert_eq!(numbers(store, "a.b").await, [2]);
    assert_eq!(store.load("b").await.unwrap(), None);
    store.put("a", put(3).expecting(a.revision)).await.unwrap();
}

async fn changes_can_be_resumed_from_any_revision(store: &impl ConfigStore) {
    let first = store.put("a", put(1)).await.unwrap();
    let second = store.put("b", put(2)).await.unwrap();
    let told = |after| async move {
        let mut changes = store.changes(after);
        let change = timeout(LONG, changes.next()).await.unwrap().unwrap();
        (change.plugin, change.revision)
    };
    assert_eq!(told(Revision::ABSENT).await, ("a".to_owned(), first));
    assert_eq!(told(first).await, ("b".to_owned(), second));

    // Nothing is told twice, and what happens meanwhile is told.
    let mut changes = store.changes(second);
    let (change, third) = tokio::join!(timeout(LONG, changes.next()), async {
        tokio::task::yield_now().await;
        store.put("a", put(3)).await.unwrap()
    });
    let change = change.unwrap().unwrap();
    assert_eq!((change.plugin.as_str(), change.revision), ("a", third));
}

async fn of_many_with_one_revision_one_puts(store: &impl ConfigStore) {
    let first = store.put("p", put(1)).await.unwrap();
    let mut done = 0;
    let mut prepared = Vec::new();
    for number in 2..12 {
        let put = store.prepare("p", put(number).expecting(first));
        prepared.push(put.await.unwrap());
    }
    for prepared in prepared {
        match prepared.commit().await {
            Ok(_) => done += 1,
            Err(error) => assert!(error.is_conflict(), "{error}"),
        }
    }
    assert_eq!(done, 1);
    assert_eq!(numbers(store, "p").await.len(), 2);
}
