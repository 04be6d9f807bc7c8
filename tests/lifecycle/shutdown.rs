use std::sync::Arc;
use std::time::Duration;

use tower_plugin::{PluginManager, PluginState, RegisterError};

use crate::scenario::{Act, Script, Scripted, reload_in_background};

#[tokio::test(start_paused = true)]
async fn dependents_are_stopped_before_what_they_depend_on() {
    let manager = PluginManager::new();
    manager
        .register("a", Scripted(Script::new()))
        .await
        .unwrap();
    let on = |names: &[&'static str]| {
        Scripted(Arc::new(Script {
            dependencies: names.to_vec(),
            ..Script::default()
        }))
    };
    manager.register("b", on(&["a"])).await.unwrap();
    manager.register("c", on(&["a", "b"])).await.unwrap();
    let report = manager.shutdown().await;
    let order: Vec<_> = report
        .plugins
        .iter()
        .map(|report| report.plugin.as_str())
        .collect();
    assert_eq!(order, ["c", "b", "a"]);
    assert!(report.is_clean());
}

#[tokio::test(start_paused = true)]
async fn independent_plugins_drain_at_the_same_time() {
    let manager = PluginManager::builder()
        .drain_timeout(Duration::from_secs(60))
        .build()
        .unwrap();
    let mut leases = Vec::new();
    for name in ["a", "b", "c"] {
        leases.push(
            manager
                .register(name, Scripted(Script::new()))
                .await
                .unwrap()
                .enter(),
        );
    }
    let before = tokio::time::Instant::now();
    let report = manager.shutdown().await;
    assert_eq!(before.elapsed(), Duration::from_secs(61));
    assert!(!report.is_clean());
    assert_eq!(
        report
            .plugins
            .iter()
            .map(|plugin| plugin.drain.remaining)
            .sum::<usize>(),
        3
    );
}

#[tokio::test(start_paused = true)]
async fn after_shutdown_nothing_is_admitted_registered_or_changed() {
    let manager = PluginManager::new();
    let plugin = manager
        .register("p", Scripted(Script::new()))
        .await
        .unwrap();
    manager.shutdown().await;
    assert_eq!(plugin.enter().unwrap_err().state(), PluginState::Unloading);
    assert!(!manager.is_ready());
    let error = manager
        .register("q", Scripted(Script::new()))
        .await
        .unwrap_err();
    assert_eq!(error, RegisterError::ShuttingDown);
    assert!(manager.reload("p").await.unwrap_err().is_shutting_down());
    assert_eq!(manager.list().plugins[0].status, PluginState::Unloading);
    assert!(
        manager.shutdown().await.plugins.is_empty(),
        "a second time there is nothing left"
    );
}

#[tokio::test(start_paused = true)]
async fn shutdown_waits_for_the_operation_under_way_and_refuses_the_next() {
    let (manager, script) = (PluginManager::new(), Script::new());
    manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
    script.next_starts([Act::Wait]);
    let reload = reload_in_background(&manager, "p");
    script.waiting().await;
    let shutdown = tokio::spawn({
        let manager = manager.clone();
        async move { manager.shutdown().await }
    });
    tokio::task::yield_now().await;
    assert!(manager.disable("p").await.unwrap_err().is_shutting_down());
    script.go_on();
    assert_eq!(reload.await.unwrap().unwrap().generation, 2);
    assert_eq!(shutdown.await.unwrap().plugins.len(), 1);
    assert_eq!(script.hooks(), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn limit_of_the_shutdown_ends_every_drain() {
    let (manager, limit) = (PluginManager::new(), Duration::from_secs(5));
    let base = manager.register("a", Scripted(Script::new()));
    let base = base.await.unwrap();
    let on_base = Arc::new(Script {
        dependencies: vec!["a"],
        ..Script::default()
    });
    let top = manager.register("b", Scripted(on_base)).await.unwrap();
    let workers = [base.enter().unwrap(), top.enter().unwrap()]
        .map(|lease| tokio::spawn(async move { lease.cancelled().await }));
    let reload = reload_in_background(&manager, "b");
    tokio::task::yield_now().await;
    assert_eq!(top.state(), PluginState::Reloading);

    let before = tokio::time::Instant::now();
    let report = manager.shutdown_within(limit).await;
    assert_eq!(before.elapsed(), limit);
    assert_eq!(reload.await.unwrap().unwrap().drain.cancelled, 1);
    let cancelled = report.plugins.iter().map(|plugin| plugin.drain.cancelled);
    assert_eq!(cancelled.sum::<usize>(), 1);
    for worker in workers {
        worker.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn shutdown_with_nobody_inside_does_not_wait_for_its_limit() {
    let manager = PluginManager::new();
    let plugin = Scripted(Script::new());
    manager.register("p", plugin).await.unwrap();
    let before = tokio::time::Instant::now();
    let report = manager.shutdown_within(Duration::from_secs(5)).await;
    assert!(report.is_clean());
    assert_eq!(before.elapsed(), Duration::ZERO);
}

/// What is told of the shutdown itself.
async fn story(manager: PluginManager) -> Vec<(&'static str, String)> {
    let mut events = manager.subscribe_after(0);
    drop(manager);
    let mut story = Vec::new();
    while let Some(event) = events.recv().await {
        let name = event.kind.as_str();
        if name.starts_with("shutdown.") {
            assert_eq!((event.plugin.as_str(), event.operation_id), ("", None));
            story.push((name, event.message));
        } else if name == "plugin.removed" {
            assert!(event.operation_id.is_some());
            story.push((name, event.plugin));
        }
    }
    story
}

fn told<'a>(story: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    story.iter().map(|(name, text)| (*name, &**text)).collect()
}

#[tokio::test(start_paused = true)]
async fn shutdown_is_told_step_by_step_and_each_once() {
    let manager = PluginManager::new();
    let plugin = Scripted(Script::new());
    manager.register("p", plugin).await.unwrap();
    manager.announce_shutdown();
    manager.announce_shutdown();
    manager.shutdown().await;
    manager.announce_shutdown();
    manager.shutdown().await;
    assert_eq!(
        told(&story(manager).await),
        [
            (
                "shutdown.announced",
                "about to shut down: not ready any more"
            ),
            ("shutdown.stopping", "stopping, 1 plugins first"),
            ("plugin.removed", "p"),
            (
                "shutdown.drained",
                "1 plugins stopped; every request ended by itself"
            ),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn shutdown_that_is_forced_is_told_as_such() {
    let manager = PluginManager::new();
    let plugin = manager.register("p", Scripted(Script::new()));
    let lease = plugin.await.unwrap().enter().unwrap();
    let worker = tokio::spawn(async move { lease.cancelled().await });
    manager.shutdown_within(Duration::from_secs(1)).await;
    worker.await.unwrap();
    assert_eq!(
        told(&story(manager).await),
        [
            ("shutdown.stopping", "stopping, 1 plugins first"),
            ("shutdown.forced", "time is up: cancelling 1 requests"),
            ("plugin.removed", "p"),
            (
                "shutdown.drained",
                "1 plugins stopped; not cleanly: see what was told of each"
            ),
        ]
    );
}
