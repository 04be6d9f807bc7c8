//! Background checks: when they are made, what they come to, and whom they hold up.

use std::convert::Infallible;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use http::{Request, Response};
use tower::{Layer, ServiceExt, service_fn};
use tower_plugin::{
    EventKind, Health, PluginHealth, PluginLayer, PluginManager, PluginState, ReloadStrategy,
    ReportedHealth,
};

use crate::scenario::{Act, Script, Scripted, reload_in_background};

const SECOND: Duration = Duration::from_secs(1);

fn health(manager: &PluginManager) -> PluginHealth {
    manager.health().plugins["p"].clone()
}

async fn sleep(seconds: f64) {
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn one_bad_check_is_shown_but_only_the_third_in_a_row_makes_a_plugin_unhealthy() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let plugin = manager.register("p", Scripted(script.clone()));
    plugin.check_interval(SECOND).jitter(0.0).await.unwrap();
    let mut events = manager.subscribe();

    script.is(Health::unhealthy("no answer").detail("queue", 7));
    for failures in [1, 2] {
        sleep(1.01).await;
        let health = health(&manager);
        assert_eq!(health.status, ReportedHealth::Healthy);
        assert_eq!(health.consecutive_failures, failures);
        assert_eq!(health.message.as_deref(), Some("no answer"));
        assert_eq!(health.checks["queue"], 7);
    }
    sleep(1.01).await;
    assert_eq!(health(&manager).status, ReportedHealth::Unhealthy);
    assert_eq!(health(&manager).consecutive_failures, 3);

    script.is(Health::healthy());
    sleep(1.01).await;
    assert_eq!(health(&manager).status, ReportedHealth::Healthy);
    assert_eq!(health(&manager).consecutive_failures, 0);

    let mut messages = Vec::new();
    for _ in 0..3 {
        let event = events.recv().await.unwrap();
        messages.push((event.kind, event.message));
    }
    assert_eq!(
        messages,
        [
            (
                EventKind::CheckFailed,
                "a check failed, 3 in a row make it unhealthy: no answer".to_owned()
            ),
            (
                EventKind::HealthChanged,
                "health changed from healthy to unhealthy after 3 failed checks in a row: \
                 no answer"
                    .to_owned()
            ),
            (
                EventKind::HealthChanged,
                "health changed from unhealthy to healthy".to_owned()
            ),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn thresholds_of_a_plugin_go_before_those_of_the_manager() {
    let manager = PluginManager::builder()
        .check_interval(SECOND)
        .jitter(0.0)
        .failure_threshold(5)
        .success_threshold(2)
        .build()
        .unwrap();
    let script = Script::new();
    let plugin = manager.register("p", Scripted(script.clone()));
    plugin.failure_threshold(1).await.unwrap();
    script.next_checks([Act::Fail("no"), Act::Succeed, Act::Fail("no")]);
    let mut told = Vec::new();
    for _ in 0..6 {
        sleep(1.01).await;
        told.push(health(&manager).status == ReportedHealth::Healthy);
    }
    assert_eq!(told, [false, false, false, false, true, true]);
}

#[tokio::test(start_paused = true)]
async fn each_generation_is_first_checked_after_the_initial_delay() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let plugin = manager.register("p", Scripted(script.clone()));
    let plugin = plugin.check_interval(10 * SECOND).jitter(0.0);
    plugin.initial_delay(3 * SECOND).await.unwrap();
    for generation in [1, 2] {
        let checks = || script.checks.load(SeqCst);
        let before = checks();
        sleep(2.9).await;
        assert_eq!(checks(), before, "generation {generation}");
        sleep(0.2).await;
        assert_eq!(checks(), before + 1);
        sleep(9.8).await;
        assert_eq!(checks(), before + 1);
        sleep(0.2).await;
        assert_eq!(checks(), before + 2);
        sleep(5.0).await;
        manager.reload("p").await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn age_of_a_result_grows_until_the_next_check() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let plugin = manager.register("p", Scripted(script));
    plugin
        .check_interval(10 * SECOND)
        .jitter(0.0)
        .await
        .unwrap();
    assert_eq!(health(&manager).age, Duration::ZERO);
    sleep(9.0).await;
    assert_eq!(health(&manager).age, 9 * SECOND);
    sleep(2.0).await;
    assert_eq!(health(&manager).age.as_secs(), 1);
}

#[tokio::test(start_paused = true)]
async fn check_that_hangs_delays_no_read_no_operation_and_no_other_plugin() {
    let (manager, hanging) = (PluginManager::new(), Script::new());
    let plugin = manager.register("p", Scripted(hanging.clone()));
    let plugin = plugin.check_interval(SECOND).check_timeout(60 * SECOND);
    plugin.failure_threshold(1).await.unwrap();
    let other = Script::new();
    let plugin = manager.register("other", Scripted(other.clone()));
    plugin.check_interval(SECOND).await.unwrap();

    hanging.next_checks([Act::Hang]);
    sleep(1.5).await;
    assert_eq!(hanging.checks.load(SeqCst), 2);
    let (before, checks) = (tokio::time::Instant::now(), other.checks.load(SeqCst));
    assert_eq!(health(&manager).status, ReportedHealth::Healthy);
    assert_eq!(manager.reload("p").await.unwrap().generation, 2);
    assert_eq!(before.elapsed(), Duration::ZERO);
    sleep(10.0).await;
    assert!(other.checks.load(SeqCst) > checks + 8);
    assert!(
        hanging.checks.load(SeqCst) > 10,
        "the new generation does not wait for the check of the old one"
    );
    assert_eq!(health(&manager).status, ReportedHealth::Healthy);

    hanging.next_checks([Act::Hang, Act::Hang]);
    sleep(62.0).await;
    let message = health(&manager).message;
    assert_eq!(
        message.as_deref(),
        Some("check did not return within 1m0s and was given up")
    );
}

#[tokio::test(start_paused = true)]
async fn check_of_a_generation_that_was_reloaded_meanwhile_says_nothing_of_the_new_one() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let plugin = manager.register("p", Scripted(script.clone()));
    let plugin = plugin.check_interval(SECOND).jitter(0.0);
    plugin.failure_threshold(1).await.unwrap();
    script.next_checks([Act::Wait]);
    sleep(1.01).await;
    script.waiting().await;
    manager.reload("p").await.unwrap();
    script.is(Health::unhealthy("of the old one"));
    script.go_on();
    sleep(0.5).await;
    assert_eq!(health(&manager).status, ReportedHealth::Healthy);
    assert_eq!(health(&manager).message, None);
}

#[tokio::test(start_paused = true)]
async fn new_generation_is_checked_while_the_old_one_is_drained() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let plugin = manager.register("p", Scripted(script.clone()));
    let plugin = plugin.check_interval(SECOND).failure_threshold(1);
    let plugin = plugin.strategy(ReloadStrategy::Replace).await.unwrap();
    let lease = plugin.enter().unwrap();
    let reload = reload_in_background(&manager, "p");
    sleep(0.5).await;
    assert_eq!(
        (plugin.generation(), plugin.state()),
        (2, PluginState::Active)
    );
    script.is(Health::degraded("busy"));
    sleep(1.5).await;
    assert!(!reload.is_finished(), "the lease is still there");
    assert_eq!(health(&manager).status, ReportedHealth::Degraded);
    drop(lease);
    reload.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn required_plugin_that_is_unhealthy_serves_so_the_server_is_ready() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let plugin = manager.register("p", Scripted(script.clone())).required();
    let plugin = plugin.check_interval(SECOND).failure_threshold(1);
    plugin.await.unwrap();
    script.is(Health::unhealthy("disk"));
    sleep(1.5).await;
    assert_eq!(health(&manager).status, ReportedHealth::Unhealthy);
    assert!(manager.is_ready());
}

#[tokio::test(start_paused = true)]
async fn requests_that_fail_or_panic_make_a_plugin_unhealthy_where_that_is_asked_for() {
    let manager = PluginManager::builder().check_interval(SECOND);
    let manager = manager.jitter(0.0).build().unwrap();
    let plugin = manager.register("p", Scripted(Script::new()));
    let plugin = plugin.passive_health(0.5, 4, 10 * SECOND).await.unwrap();
    let answers = PluginLayer::new(&plugin).layer(service_fn(|request: Request<()>| async move {
        assert_ne!(request.uri(), "/panic", "asked for");
        let status = request.uri().path()[1..].parse::<u16>().unwrap();
        let response = Response::builder().status(status).body(String::new());
        Ok::<_, Infallible>(response.unwrap())
    }));
    let ask = async |path: &str, times: usize| {
        for _ in 0..times {
            let request = Request::get(path).body(()).unwrap();
            let asked = answers.clone().oneshot(request);
            let _ = tokio::spawn(async { asked.await.map(drop) }).await;
        }
        sleep(1.01).await;
        let health = health(&manager);
        (health.status, health.message.unwrap_or_default())
    };
    let told = ask("/500", 3).await;
    assert_eq!(told, (ReportedHealth::Healthy, String::new()), "too few");
    let (status, message) = ask("/500", 1).await;
    assert_eq!(status, ReportedHealth::Unhealthy);
    assert_eq!(message, "4 of 4 requests failed within 10s");
    assert_eq!(ask("/200", 3).await.0, ReportedHealth::Degraded);
    assert_eq!(ask("/200", 1).await.0, ReportedHealth::Healthy);
    let (status, message) = ask("/panic", 1).await;
    assert_eq!(status, ReportedHealth::Degraded);
    assert!(message.ends_with("1 of them by a panic"), "{message}");
    sleep(11.0).await;
    assert_eq!(
        health(&manager).status,
        ReportedHealth::Healthy,
        "forgotten"
    );

    ask("/500", 4).await;
    assert_eq!(manager.reload("p").await.unwrap().generation, 2);
    assert_eq!(
        ask("/200", 0).await.0,
        ReportedHealth::Healthy,
        "another one"
    );
}
