use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use serde_json::json;
use tower_plugin::{Health, HealthStatus, PluginManager, ReportedHealth};

use crate::scenario::{Act, Script, Scripted, reload_in_background};

#[tokio::test(start_paused = true)]
async fn background_check_finds_a_change_and_reads_return_what_it_found() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let registration = manager.register("p", Scripted(script.clone()));
    registration
        .check_interval(Duration::from_secs(5))
        .await
        .unwrap();
    assert_eq!(manager.health().overall_status, HealthStatus::Healthy);

    script.is(Health::degraded("slow disk").detail("queue", 7));
    assert_eq!(
        manager.health().plugins["p"].status,
        ReportedHealth::Healthy,
        "not checked yet"
    );
    tokio::time::sleep(Duration::from_secs(6)).await;
    let health = manager.health();
    assert_eq!(
        health.overall_status,
        HealthStatus::Unhealthy,
        "none is healthy"
    );
    assert_eq!(health.plugins["p"].status, ReportedHealth::Degraded);
    assert_eq!(health.plugins["p"].message.as_deref(), Some("slow disk"));
    assert_eq!(
        json!(health.plugins["p"].checks),
        json!({"queue": 7, "active_requests": 0})
    );

    let checks = script.checks.load(SeqCst);
    for _ in 0..100 {
        let _ = manager.health();
    }
    assert_eq!(script.checks.load(SeqCst), checks, "reading asks nobody");
}

#[tokio::test(start_paused = true)]
async fn disabled_counts_as_healthy_failed_does_not_and_transition_as_before() {
    let (manager, script) = (PluginManager::new(), Script::new());
    manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
    manager
        .register("off", Scripted(Script::new()))
        .await
        .unwrap();
    manager.disable("off").await.unwrap();
    let broken = Script::new();
    broken.next_starts([Act::Fail("no")]);
    manager.register("broken", Scripted(broken)).await.unwrap();
    script.next_starts([Act::Wait]);
    let reload = reload_in_background(&manager, "p");
    script.waiting().await;
    let status = manager.status();
    assert_eq!(status.health_status.healthy_count, 2);
    assert_eq!(status.health_status.unhealthy_count, 1);
    assert_eq!(status.health_status.overall_status, HealthStatus::Degraded);
    assert_eq!(status.plugin_system.active_plugins, 0);
    let health = manager.health();
    assert_eq!(health.plugins["p"].status, ReportedHealth::Transitioning);
    assert_eq!(health.plugins["off"].status, ReportedHealth::Healthy);
    assert_eq!(
        health.plugins["broken"].message.as_deref(),
        Some("start failed: no")
    );
    script.go_on();
    reload.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn readiness_follows_required_plugins_only() {
    let manager = PluginManager::new();
    manager
        .register("optional", Scripted(Script::new()))
        .await
        .unwrap();
    manager
        .register("required", Scripted(Script::new()))
        .required()
        .await
        .unwrap();
    assert!(manager.is_ready());
    manager.disable("optional").await.unwrap();
    assert!(manager.is_ready());
    manager.disable("required").await.unwrap();
    assert!(!manager.is_ready());
    assert_eq!(manager.not_serving(), ["required"]);
    manager.enable("required").await.unwrap();
    assert!(manager.is_ready());
}
