use serde_json::json;
use tower_plugin::{EventKind, PluginManager};

use crate::scenario::{Act, Script, Scripted};

#[tokio::test(start_paused = true)]
async fn events_tell_the_story_in_order_and_can_be_replayed() {
    let (manager, script) = (PluginManager::new(), Script::new());
    manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
    manager
        .update_config("p", json!({"value": 1}))
        .await
        .unwrap();
    script.next_starts([Act::Fail("no")]);
    manager.reload("p").await.unwrap_err();
    let mut events = manager.subscribe_after(0);
    drop(manager);
    let mut told = Vec::new();
    while let Some(event) = events.recv().await {
        assert_eq!(event.id, told.len() as u64 + 1);
        told.push(json!(event)["type"].as_str().unwrap().to_owned());
    }
    assert_eq!(
        told,
        [
            "plugin.registered",
            "plugin.starting",
            "plugin.ready",
            "plugin.reload.started",
            "plugin.starting",
            "plugin.ready",
            "plugin.config.changed",
            "plugin.reload.applied",
            "plugin.reload.started",
            "plugin.starting",
            "plugin.starting",
            "plugin.ready",
            "plugin.reload.rolled_back",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn slow_subscriber_is_told_how_many_events_it_missed() {
    let manager = PluginManager::builder().event_capacity(4).build().unwrap();
    let mut events = manager.subscribe();
    manager
        .register("p", Scripted(Script::new()))
        .await
        .unwrap();
    for _ in 0..10 {
        manager.reload("p").await.unwrap();
    }
    let reset = events.recv().await.unwrap();
    assert_eq!(reset.kind, EventKind::StreamReset);
    assert_eq!(
        reset.message,
        format!("{} events missed; read the status afresh", reset.id)
    );
    let next = events.recv().await.unwrap();
    assert_eq!(next.id, reset.id + 1);
}
