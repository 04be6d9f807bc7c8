use serde_json::json;
use tower_plugin::{Health, Outcome, PluginHandle, PluginManager, PluginState, ReloadStrategy};

use crate::scenario::{Act, Instance, Script, Scripted, reload_in_background};

async fn registered(
    manager: &PluginManager,
    script: &std::sync::Arc<Script>,
    strategy: ReloadStrategy,
) -> PluginHandle<Instance> {
    let registration = manager.register("p", Scripted(script.clone()));
    registration
        .config(json!({"value": 1}))
        .strategy(strategy)
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn replace_serves_on_while_the_new_instance_starts() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let plugin = registered(&manager, &script, ReloadStrategy::Replace).await;
    script.next_starts([Act::Wait]);
    let reload = reload_in_background(&manager, "p");
    script.waiting().await;
    assert_eq!(plugin.state(), PluginState::Reloading);
    assert_eq!(plugin.enter().unwrap().instance().generation, 1);
    assert!(manager.is_ready());
    script.go_on();
    assert_eq!(reload.await.unwrap().unwrap().outcome, Outcome::Applied);
    assert_eq!(plugin.enter().unwrap().instance().generation, 2);
    assert_eq!(
        script.most_alive.load(std::sync::atomic::Ordering::SeqCst),
        2
    );
}

#[tokio::test(start_paused = true)]
async fn recreate_never_has_two_instances() {
    let (manager, script) = (PluginManager::new(), Script::new());
    registered(&manager, &script, ReloadStrategy::Recreate).await;
    for _ in 0..5 {
        manager.reload("p").await.unwrap();
    }
    assert_eq!(
        script.most_alive.load(std::sync::atomic::Ordering::SeqCst),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn replace_whose_start_fails_leaves_the_old_generation_serving() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let plugin = registered(&manager, &script, ReloadStrategy::Replace).await;
    let lease = plugin.enter().unwrap();
    script.next_starts([Act::Fail("no memory")]);

    let error = manager
        .update_config("p", json!({"value": 2}))
        .await
        .unwrap_err();
    let report = error.report().unwrap();
    assert_eq!(
        (report.outcome, report.state),
        (Outcome::RolledBack, PluginState::Active)
    );
    assert_eq!((report.generation, report.version), (1, 1));
    assert!(error.to_string().contains("no memory"), "{error}");
    assert!(!lease.is_cancelled());
    assert_eq!(plugin.enter().unwrap().instance().value, 1);
    assert_eq!(manager.config("p").unwrap().config, json!({"value": 1}));
    assert_eq!(script.hooks(), (2, 0));
    assert_eq!(
        plugin.last_error().as_deref(),
        Some("start failed: no memory")
    );

    manager
        .update_config("p", json!({"value": 2}))
        .await
        .unwrap();
    assert_eq!(plugin.enter().unwrap().instance().value, 2);
    assert_eq!(plugin.last_error(), None);
}

#[tokio::test(start_paused = true)]
async fn replace_whose_new_instance_is_unhealthy_stops_it_and_keeps_the_old() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let plugin = registered(&manager, &script, ReloadStrategy::Replace).await;
    script.is(Health::unhealthy("database is gone"));
    let error = manager.reload("p").await.unwrap_err();
    assert!(error.to_string().contains("database is gone"), "{error}");
    assert_eq!(error.report().unwrap().outcome, Outcome::RolledBack);
    assert_eq!(plugin.enter().unwrap().instance().generation, 1);
    assert_eq!(script.hooks(), (2, 1), "the new one was stopped");
    assert_eq!(
        script
            .last_stopped
            .load(std::sync::atomic::Ordering::SeqCst),
        2
    );
}

#[tokio::test(start_paused = true)]
async fn recreate_whose_start_fails_brings_the_last_good_config_back() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let plugin = registered(&manager, &script, ReloadStrategy::Recreate).await;
    script.next_starts([Act::Fail("port taken")]);
    let error = manager
        .update_config("p", json!({"value": 2}))
        .await
        .unwrap_err();
    let report = error.report().unwrap();
    assert_eq!(
        (report.outcome, report.state),
        (Outcome::RolledBack, PluginState::Active)
    );
    assert_eq!(report.generation, 2);
    assert_eq!(plugin.enter().unwrap().instance().value, 1);
    assert_eq!(manager.config("p").unwrap().config, json!({"value": 1}));
    assert_eq!(script.hooks(), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn recreate_that_cannot_go_back_fails_and_can_be_brought_up_again() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let plugin = registered(&manager, &script, ReloadStrategy::Recreate).await;
    script.next_starts([Act::Fail("first"), Act::Panic("second")]);
    let error = manager.reload("p").await.unwrap_err();
    assert_eq!(error.report().unwrap().outcome, Outcome::Failed);
    assert_eq!(plugin.state(), PluginState::Failed);
    assert_eq!(plugin.enter().unwrap_err().state(), PluginState::Failed);
    assert_eq!(plugin.last_error().as_deref(), Some("start failed: first"));

    let report = manager.reload("p").await.unwrap();
    assert_eq!((report.outcome, report.generation), (Outcome::Applied, 2));
    assert_eq!(plugin.enter().unwrap().instance().value, 1);
}

#[tokio::test(start_paused = true)]
async fn failed_start_leaves_a_handle_in_state_failed_and_the_rest_running() {
    let (manager, script) = (PluginManager::new(), Script::new());
    script.next_starts([Act::Fail("no database")]);
    let failed = manager
        .register("failed", Scripted(script.clone()))
        .await
        .unwrap();
    let other = manager
        .register("other", Scripted(Script::new()))
        .await
        .unwrap();
    assert_eq!(failed.state(), PluginState::Failed);
    assert_eq!(
        failed.last_error().as_deref(),
        Some("start failed: no database")
    );
    assert!(other.enter().is_ok());
    assert_eq!(
        manager.enable("failed").await.unwrap().outcome,
        Outcome::Applied
    );
    assert!(failed.enter().is_ok());
}

#[tokio::test(start_paused = true)]
async fn requests_during_replacements_always_find_a_generation() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let plugin = registered(&manager, &script, ReloadStrategy::Replace).await;
    let requests = tokio::spawn({
        let plugin = plugin.clone();
        async move {
            for _ in 0..5_000 {
                let lease = plugin.enter().expect("a replacement rejects nobody");
                tokio::task::yield_now().await;
                drop(lease);
            }
        }
    });
    for _ in 0..100 {
        manager.reload("p").await.unwrap();
        tokio::task::yield_now().await;
    }
    requests.await.unwrap();
    assert_eq!(plugin.generation(), 101);
    assert_eq!(plugin.in_flight(), 0);
}
