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

#[tokio::test(start_paused = true)]
async fn events_of_an_operation_say_which_it_is_who_asked_for_it_and_why() {
    let manager = PluginManager::new();
    let plugin = Scripted(Script::new());
    manager.register("p", plugin).await.unwrap();
    let mut events = manager.subscribe();
    let reload = manager.reload("p").actor("ops").cause("new database");
    let handle = reload.start().unwrap();
    let id = handle.id();
    handle.await.unwrap();
    drop(manager);
    let mut told = 0;
    while let Some(event) = events.recv().await {
        assert_eq!(event.operation_id, Some(id), "{event:?}");
        let shown = json!(event);
        assert_eq!(
            (&shown["actor"], &shown["reason"]),
            (&json!("ops"), &json!("new database"))
        );
        told += 1;
    }
    assert!(told >= 4, "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_thousand_subscribers_that_never_read_slow_nobody_and_keep_nothing() {
    let manager = PluginManager::builder().event_capacity(16).build().unwrap();
    let mut stalled: Vec<_> = (0..1000).map(|_| manager.subscribe()).collect();
    let plugin = Scripted(Script::new());
    manager.register("p", plugin).await.unwrap();
    let before = std::time::Instant::now();
    for _ in 0..200 {
        manager.reload("p").await.unwrap();
    }
    assert!(before.elapsed().as_secs() < 5, "{:?}", before.elapsed());
    drop(manager);
    for events in stalled.iter_mut().step_by(100) {
        let reset = events.recv().await.unwrap();
        assert_eq!(reset.kind, EventKind::StreamReset);
        assert!(reset.id > 700, "{reset:?}");
        let mut left = 0;
        while events.recv().await.is_some() {
            left += 1;
        }
        assert_eq!(left, 16, "no more is kept, however many subscribe");
    }
}
