use std::time::Duration;

use tower_plugin::{Event, EventKind, EventStream, PluginManager};

use crate::scenario::{Script, Scripted};

async fn told(mut events: EventStream, kind: EventKind) -> Event {
    loop {
        let event = events.recv().await.expect("the manager lives");
        if event.kind == kind {
            return event;
        }
    }
}

#[tokio::test]
async fn files_that_are_not_watched_for_want_of_the_feature_are_told_of() {
    let dir = tempfile::tempdir().unwrap();
    let builder = PluginManager::builder().plugin_dir(dir.path());
    let manager = builder.watch_store().build().unwrap();
    let plugin = manager.register("p", Scripted(Script::new()));
    plugin.await.unwrap();
    let event = told(manager.subscribe_after(0), EventKind::WatchFailed);
    let event = tokio::time::timeout(Duration::from_secs(30), event);
    let event = event.await.expect("it is told of at once");
    let why = "edits of files are noticed with the feature `watch` only";
    assert!(event.message.contains(why), "{}", event.message);
    let shown = manager.status().store_watch.unwrap();
    assert!(!shown.active);
    assert_eq!(shown.message.as_deref(), Some(event.message.as_str()));
}
