use std::time::Duration;

use serde_json::json;
use tower_plugin::{Backoff, EventKind, PluginManager, ReloadStrategy};

use crate::scenario::{Act, Script, Scripted, reload_in_background};

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
            "plugin.config.changed",
            "plugin.reload.applied",
            "plugin.ready",
            "plugin.reload.started",
            "plugin.starting",
            "plugin.starting",
            "plugin.reload.rolled_back",
            "plugin.ready",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn subscriber_from_before_a_restart_is_told_that_there_is_no_such_event_and_goes_on() {
    for after in [4, u64::MAX] {
        let manager = PluginManager::new();
        let plugin = manager.register("p", Scripted(Script::new()));
        plugin.await.unwrap();
        let newest = 3;
        let mut known = manager.subscribe_after(newest);
        let mut unknown = manager.subscribe_after(after);

        let reset = unknown.recv().await.unwrap();
        assert_eq!((reset.kind, reset.id), (EventKind::StreamReset, newest));
        let why = format!("there is no event {after} yet; read the status afresh");
        assert_eq!(reset.message, why);

        let next = tokio::join!(known.recv(), unknown.recv(), async {
            manager.reload("p").await.unwrap();
        });
        let next = [next.0, next.1].map(|event| event.map(|event| (event.id, event.kind)));
        assert_eq!(next, [Some((4, EventKind::ReloadStarted)); 2]);
    }
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

#[tokio::test(start_paused = true)]
async fn plugin_that_is_said_to_be_ready_takes_the_next_operation() {
    for strategy in [ReloadStrategy::Replace, ReloadStrategy::Recreate] {
        let (manager, script) = (PluginManager::new(), Script::new());
        script.next_stops(vec![Act::Slow(Duration::from_secs(1)); 20]);
        script.next_starts([Act::Fail("no")]);
        let mut events = manager.subscribe();
        let next = tokio::spawn({
            let manager = manager.clone();
            async move {
                let mut told = Vec::new();
                while told.len() < 5 {
                    let event = events.recv().await.unwrap();
                    if event.kind == EventKind::Ready {
                        told.push((event.generation, event.operation_id.is_some()));
                        let serves = manager.operation(event.operation_id.unwrap());
                        assert!(serves.is_some());
                        manager.reload("p").dry_run().await.expect("it is free");
                    }
                }
                told
            }
        });
        let plugin = manager.register("p", Scripted(script.clone()));
        let plugin = plugin.strategy(strategy).retry(Backoff::new());
        let plugin = plugin.await.unwrap();
        // Started by itself, then reloaded with somebody inside.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let lease = plugin.enter().unwrap();
        let reload = reload_in_background(&manager, "p");
        tokio::time::sleep(Duration::from_secs(1)).await;
        drop(lease);
        reload.await.unwrap().unwrap();
        let wait = Duration::from_secs(1);
        let update = manager.update_config("p", json!({"value": 1}));
        update.wait(wait).await.unwrap();
        manager.disable("p").wait(wait).await.unwrap();
        manager.enable("p").wait(wait).await.unwrap();
        manager.reload("p").wait(wait).await.unwrap();
        let told: Vec<_> = (1..=5).map(|generation| (generation, true)).collect();
        assert_eq!(next.await.unwrap(), told);
    }
}

#[tokio::test(start_paused = true)]
async fn generation_on_trial_is_ready_once_that_is_passed() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let plugin = manager.register("p", Scripted(script));
    plugin.strategy(ReloadStrategy::Replace).await.unwrap();
    let mut events = manager.subscribe();
    let probation = Duration::from_secs(30);
    for passes in [false, true] {
        let reload = manager.reload("p").probation(probation).start().unwrap();
        reload.on_trial().await;
        if !passes {
            manager.abort("p").await.unwrap();
            continue;
        }
        manager.promote("p").await.unwrap();
    }
    drop(manager);
    let mut told = Vec::new();
    while let Some(event) = events.recv().await {
        told.extend((event.kind == EventKind::Ready).then_some(event.generation));
    }
    assert_eq!(told, [3], "the one that was taken back never was");
}

#[tokio::test(start_paused = true)]
async fn registration_and_what_a_check_finds_during_an_operation_are_told_as_part_of_it() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let plugin = manager.register("p", Scripted(script.clone()));
    let plugin = plugin.strategy(ReloadStrategy::Replace);
    let every = Duration::from_secs(1);
    let plugin = plugin.check_interval(every).failure_threshold(2);
    plugin.await.unwrap();
    script.next_checks([Act::Succeed, Act::Fail("a"), Act::Fail("b")]);
    let reload = manager.reload("p").probation(Duration::from_secs(30));
    let reload = reload.start().unwrap();
    let reloaded = reload.id();
    assert!(reload.await.is_err(), "it is found ill");
    script.next_checks([Act::Fail("c")]);
    tokio::time::sleep(3 * every).await;
    let registered = manager.operations().last().unwrap().id;

    let mut events = manager.subscribe_after(0);
    drop(manager);
    let mut told = Vec::new();
    while let Some(event) = events.recv().await {
        let kinds = [
            EventKind::Registered,
            EventKind::CheckFailed,
            EventKind::HealthChanged,
        ];
        if kinds.contains(&event.kind) {
            told.push((event.kind, event.operation_id));
        }
    }
    assert_eq!(
        told,
        [
            (EventKind::Registered, Some(registered)),
            (EventKind::CheckFailed, Some(reloaded)),
            (EventKind::HealthChanged, Some(reloaded)),
            (EventKind::CheckFailed, None),
        ]
    );
}
