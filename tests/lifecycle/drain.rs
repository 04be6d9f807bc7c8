use std::time::Duration;

use serde_json::json;
use tower_plugin::{PluginManager, PluginState};

use crate::scenario::{Script, Scripted, reload_in_background};

fn manager() -> PluginManager {
    PluginManager::builder()
        .drain_timeout(Duration::from_secs(60))
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn recreate_waits_for_the_requests_inside_and_reports_them_completed() {
    let (manager, script) = (manager(), Script::new());
    let plugin = manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
    let lease = plugin.enter().unwrap();

    let reload = reload_in_background(&manager, "p");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(plugin.state(), PluginState::Reloading);
    assert_eq!(plugin.enter().unwrap_err().state(), PluginState::Reloading);
    assert_eq!(plugin.in_flight(), 1, "a draining request is still inside");
    assert_eq!(
        script.hooks(),
        (1, 0),
        "nothing is stopped before the request has left"
    );
    drop(lease);

    let report = reload.await.unwrap().unwrap();
    assert_eq!(json!(report)["outcome"], "applied");
    let drain = json!({
        "waited_ms": 3000, "completed": 1, "cancelled": 0, "remaining": 0,
        "remaining_by_phase": {"head": 0, "body": 0, "upgraded": 0},
    });
    assert_eq!(json!(report.drain), drain);
    assert_eq!(report.generation, 2);
    assert_eq!(plugin.enter().unwrap().instance().generation, 2);
    assert_eq!(script.hooks(), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn deadline_cancels_who_listens_and_reports_who_does_not_as_remaining() {
    let (manager, script) = (manager(), Script::new());
    let plugin = manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
    let deaf = plugin.enter().unwrap();
    let listening = plugin.enter().unwrap();
    tokio::spawn(async move { listening.cancelled().await });

    let report = manager.reload("p").await.unwrap();
    let drain = json!(report.drain);
    assert_eq!(
        drain,
        json!({
            "waited_ms": 61000, "completed": 0, "cancelled": 1, "remaining": 1,
            "remaining_by_phase": {"head": 0, "body": 0, "upgraded": 1},
        })
    );
    assert!(report.drain.is_forced());
    assert_eq!(plugin.state(), PluginState::Active);
    assert_eq!(
        plugin.in_flight(),
        1,
        "the leftover is counted until it goes"
    );
    assert!(deaf.token().is_cancelled());
    drop(deaf);
    assert_eq!(plugin.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn plugin_may_have_a_drain_timeout_of_its_own() {
    let (manager, script) = (manager(), Script::new());
    let registration = manager.register("p", Scripted(script));
    let plugin = registration
        .drain_timeout(Duration::from_secs(2))
        .await
        .unwrap();
    let _deaf = plugin.enter().unwrap();
    let report = manager.reload("p").await.unwrap();
    assert_eq!(
        report.drain.waited,
        Duration::from_secs(3),
        "two, and one to leave"
    );
}

#[tokio::test(start_paused = true)]
async fn caller_who_goes_away_aborts_nothing() {
    let (manager, script) = (manager(), Script::new());
    let plugin = manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
    let lease = plugin.enter().unwrap();
    let gone = tokio::time::timeout(Duration::from_secs(1), manager.reload("p")).await;
    assert!(gone.is_err(), "the caller gave up");
    drop(lease);
    let mut events = manager.subscribe();
    while events.recv().await.unwrap().kind.as_str() != "plugin.reload.applied" {}
    assert_eq!(
        (plugin.state(), plugin.generation()),
        (PluginState::Active, 2)
    );
    assert_eq!(script.hooks(), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn second_command_to_a_busy_plugin_is_told_so_and_changes_nothing() {
    let (manager, script) = (manager(), Script::new());
    let plugin = manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
    let lease = plugin.enter().unwrap();
    let reload = reload_in_background(&manager, "p");
    tokio::time::sleep(Duration::from_secs(1)).await;
    for answer in [
        manager.reload("p").await,
        manager.disable("p").await,
        manager.update_config("p", json!({"value": 9})).await,
        manager.unload("p").await,
    ] {
        let error = answer.unwrap_err();
        assert!(error.is_in_progress());
        assert!(
            error.to_string().contains("another operation (reload)"),
            "{error}"
        );
    }
    drop(lease);
    assert_eq!(reload.await.unwrap().unwrap().generation, 2);
    assert_eq!(manager.config("p").unwrap().version.number(), 1);
    assert_eq!(
        manager.reload("p").await.unwrap().generation,
        3,
        "its turn was given back"
    );
}
