//! Generations that requests hold though they were cancelled.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use serde_json::json;
use tower_plugin::{
    EventKind, EventStream, Lease, PluginHandle, PluginManager, PluginState, ReloadStrategy,
};

use crate::scenario::events::until;
use crate::scenario::{Act, Instance, Script, Scripted};

fn manager() -> PluginManager {
    let builder = PluginManager::builder().drain_timeout(Duration::from_secs(1));
    builder.max_leftovers(2).build().unwrap()
}

/// Reloads with somebody inside who does not listen.
async fn leave_one(manager: &PluginManager, plugin: &PluginHandle<Instance>) -> Lease<Instance> {
    let deaf = plugin.enter().unwrap();
    let report = manager.reload("p").await.unwrap();
    assert_ne!(report.drain.remaining, 0);
    deaf
}

async fn gone(events: &mut EventStream) -> (u64, String) {
    let event = until(events, EventKind::LeftoverGone).await;
    (event.generation, event.message)
}

#[tokio::test(start_paused = true)]
async fn leftover_is_shown_until_its_last_request_goes_and_so_does_its_instance() {
    let (manager, script) = (manager(), Script::new());
    let register = manager.register("p", Scripted(script.clone()));
    let plugin = register.strategy(ReloadStrategy::Replace).await.unwrap();
    let mut events = manager.subscribe();
    let other = plugin.enter().unwrap();
    let deaf = leave_one(&manager, &plugin).await;
    tokio::time::sleep(Duration::from_secs(60)).await;

    let shown = manager.info("p").unwrap().leftovers;
    let [leftover] = shown.as_slice() else {
        panic!("{shown:?}")
    };
    assert_eq!((leftover.generation, leftover.in_flight), (1, 2));
    assert_eq!((leftover.phases.upgraded, leftover.phases.total()), (2, 2));
    assert_eq!(leftover.age, Duration::from_secs(60));
    assert_eq!(json!(leftover)["age_ms"], 60_000);
    assert_eq!(plugin.leftovers(), shown);
    assert_eq!(manager.status().plugin_system.leftovers, 1);

    drop(other);
    assert_eq!(plugin.leftovers()[0].in_flight, 1);
    assert_eq!(script.instances_alive.load(SeqCst), 2, "it is held");
    drop(deaf);
    assert_eq!(script.instances_alive.load(SeqCst), 1, "it is dropped");
    assert!(plugin.leftovers().is_empty());
    assert_eq!(manager.status().plugin_system.leftovers, 0);
    let (generation, message) = gone(&mut events).await;
    assert_eq!(generation, 1);
    assert_eq!(message, "nobody holds generation 1 any more, after 1m0s");
}

#[tokio::test(start_paused = true)]
async fn with_too_many_leftovers_what_would_add_one_is_refused_before_anything_is_touched() {
    for strategy in [ReloadStrategy::Replace, ReloadStrategy::Recreate] {
        let (manager, script) = (manager(), Script::new());
        let register = manager.register("p", Scripted(script.clone()));
        let plugin = register.strategy(strategy).await.unwrap();
        let oldest = leave_one(&manager, &plugin).await;
        tokio::time::sleep(Duration::from_secs(90)).await;
        let newest = leave_one(&manager, &plugin).await;
        assert_eq!(script.hooks(), (3, 2));

        let refused = manager.reload("p").await.unwrap_err();
        assert!(refused.is_too_many_leftovers() && refused.report().is_none());
        assert_eq!(
            refused.to_string(),
            "plugin `p`: earlier generations still held: 2 of at most 2, the oldest (1) for 1m32s; \
             wait until their requests end, or end their clients"
        );
        let update = manager.update_config("p", json!({"value": 7})).await;
        assert!(update.unwrap_err().is_too_many_leftovers());
        let dry_run = manager.reload("p").dry_run().await;
        assert!(dry_run.unwrap_err().is_too_many_leftovers());
        assert_eq!(script.hooks(), (3, 2), "nothing was touched");
        assert_eq!(
            (plugin.state(), plugin.generation()),
            (PluginState::Active, 3)
        );
        assert_eq!(plugin.enter().unwrap().instance().value, 0);

        drop(oldest);
        assert_eq!(manager.reload("p").await.unwrap().generation, 4);
        assert_eq!(plugin.leftovers()[0].generation, 2);
        drop(newest);
    }
}

#[tokio::test(start_paused = true)]
async fn plugin_can_be_disabled_and_unloaded_whatever_is_left_but_that_is_no_way_round() {
    let (manager, script) = (manager(), Script::new());
    let plugin = manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
    let mut held = Vec::new();
    for _ in 0..2 {
        held.push(leave_one(&manager, &plugin).await);
    }
    held.push(plugin.enter().unwrap());
    manager.disable("p").await.unwrap();
    assert_eq!(plugin.leftovers().len(), 3);
    let refused = manager.enable("p").await.unwrap_err();
    assert!(refused.is_too_many_leftovers());
    held.remove(0);
    manager.enable("p").await.unwrap();
    assert_eq!(script.instances_alive.load(SeqCst), 3);

    held.push(plugin.enter().unwrap());
    manager.unload("p").await.unwrap();
    let mut events = manager.subscribe();
    held.clear();
    assert_eq!(script.instances_alive.load(SeqCst), 0);
    for _ in 0..3 {
        gone(&mut events).await;
    }
}

#[tokio::test(start_paused = true)]
async fn plugin_that_failed_can_be_started_whatever_is_left() {
    let (manager, script) = (manager(), Script::new());
    let plugin = manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
    let _first = leave_one(&manager, &plugin).await;
    let _second = plugin.enter().unwrap();
    script.next_starts([Act::Fail("one"), Act::Fail("two")]);
    manager.reload("p").await.unwrap_err();
    assert_eq!(
        (plugin.state(), plugin.leftovers().len()),
        (PluginState::Failed, 2)
    );
    manager.reload("p").await.unwrap();
    assert_eq!(plugin.state(), PluginState::Active);
}

#[tokio::test(start_paused = true)]
async fn leftover_keeps_no_subscriber_waiting_once_the_manager_is_gone() {
    let (manager, script) = (manager(), Script::new());
    let plugin = manager.register("p", Scripted(script)).await.unwrap();
    let deaf = leave_one(&manager, &plugin).await;
    let mut events = manager.subscribe();
    drop(manager);
    assert!(events.recv().await.is_none());
    drop(deaf);
}

#[tokio::test(start_paused = true)]
async fn leftovers_of_an_unloaded_plugin_are_listed_until_they_go() {
    let (manager, script) = (manager(), Script::new());
    let register = manager.register("p", Scripted(script.clone()));
    let plugin = register.track_requests().await.unwrap();
    let deaf = plugin.enter().unwrap();
    manager.unload("p").await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;

    let list = manager.list();
    assert!(list.plugins.is_empty() && manager.info("p").is_err());
    let [unloaded] = list.unloaded.as_slice() else {
        panic!("{list:?}")
    };
    let [leftover] = unloaded.leftovers.as_slice() else {
        panic!("{unloaded:?}")
    };
    assert_eq!((unloaded.name.as_str(), leftover.generation), ("p", 1));
    assert!(leftover.unloaded && leftover.age == Duration::from_secs(60));
    assert_eq!(plugin.leftovers(), unloaded.leftovers);
    assert_eq!(
        json!(list)["unloaded"][0]["leftovers"][0]["age_ms"],
        json!(60_000)
    );
    let status = manager.status().plugin_system;
    assert_eq!((status.total_plugins, status.leftovers), (0, 1));
    assert_eq!(status.active_requests, 1);
    let inside = manager.requests("p", 10).unwrap();
    assert_eq!((inside.total, inside.requests[0].generation), (1, 1));

    let mut events = manager.subscribe();
    drop(deaf);
    assert!(manager.list().unloaded.is_empty());
    assert_eq!(manager.status().plugin_system.leftovers, 0);
    assert_eq!(gone(&mut events).await.0, 1);
    assert!(manager.requests("p", 10).unwrap_err().is_not_found());
}

#[tokio::test(start_paused = true)]
async fn name_is_free_again_and_what_was_left_under_it_counts() {
    let (manager, script) = (manager(), Script::new());
    let register = || manager.register("p", Scripted(script.clone()));
    let mut held = Vec::new();
    for _ in 0..2 {
        let plugin = register().await.unwrap();
        held.push(plugin.enter().unwrap());
        manager.unload("p").await.unwrap();
    }
    assert_eq!(manager.list().unloaded[0].leftovers.len(), 2);

    let plugin = register().await.unwrap();
    assert!(manager.list().unloaded.is_empty(), "they are its own now");
    let left = plugin.leftovers();
    assert_eq!(left.len(), 2);
    assert!(
        left.iter()
            .all(|left| left.unloaded && left.generation == 1)
    );
    assert_eq!(manager.info("p").unwrap().leftovers.len(), 2);
    assert_eq!(manager.status().plugin_system.leftovers, 2);
    assert_eq!(manager.requests("p", 10).unwrap().total, 2);
    let refused = manager.reload("p").await.unwrap_err();
    assert!(refused.is_too_many_leftovers(), "{refused}");

    // No way round.
    held.push(plugin.enter().unwrap());
    manager.unload("p").await.unwrap();
    let error = register().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "plugin `p` was unloaded, but 3 of its generations are still held, of at most 2: wait \
         until their requests end, or choose another name"
    );
    assert_eq!(script.hooks(), (3, 3));
    manager
        .register("q", Scripted(Script::new()))
        .await
        .unwrap();
    held.remove(0);
    let plugin = register().await.unwrap();
    held.clear();
    assert!(plugin.leftovers().is_empty());
    manager.reload("p").await.unwrap();
    assert_eq!(manager.status().plugin_system.leftovers, 0);
}
