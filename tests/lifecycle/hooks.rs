use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use tower_plugin::{Outcome, PluginManager, PluginState, ReloadStrategy};

use crate::scenario::{Act, Script, Scripted};

#[tokio::test(start_paused = true)]
async fn start_that_never_returns_is_given_up_and_named() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let registration = manager.register("p", Scripted(script.clone()));
    registration
        .start_timeout(Duration::from_secs(3))
        .await
        .unwrap();
    script.next_starts([Act::Hang]);
    let error = manager.reload("p").await.unwrap_err();
    assert!(error.is_timeout());
    assert!(
        error.to_string().contains("start did not return within 3s"),
        "{error}"
    );
    assert_eq!(error.report().unwrap().outcome, Outcome::RolledBack);
}

#[tokio::test(start_paused = true)]
async fn panic_in_start_is_this_plugins_failure_only() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let other = manager
        .register("other", Scripted(Script::new()))
        .await
        .unwrap();
    script.next_starts([Act::Panic("index out of bounds")]);
    let plugin = manager.register("p", Scripted(script)).await.unwrap();
    assert_eq!(plugin.state(), PluginState::Failed);
    assert_eq!(
        plugin.last_error().as_deref(),
        Some("start panicked: index out of bounds")
    );
    assert!(other.enter().is_ok());
}

#[tokio::test(start_paused = true)]
async fn stop_that_hangs_fails_or_panics_is_reported_and_the_new_generation_serves() {
    for (act, told) in [
        (Act::Hang, "stop did not return within 10s"),
        (Act::Fail("busy"), "stop failed: busy"),
        (Act::Panic("oops"), "stop panicked: oops"),
    ] {
        for strategy in [ReloadStrategy::Recreate, ReloadStrategy::Replace] {
            let (manager, script) = (PluginManager::new(), Script::new());
            let registration = manager.register("p", Scripted(script.clone()));
            let plugin = registration.strategy(strategy).await.unwrap();
            script.next_stops([act.clone()]);
            let report = manager.reload("p").await.unwrap();
            assert_eq!(report.outcome, Outcome::Applied);
            let stop_error = report.stop_error.unwrap();
            assert!(stop_error.contains(told), "{stop_error}");
            assert_eq!(plugin.enter().unwrap().instance().generation, 2);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn background_tasks_end_with_their_instance() {
    let (manager, script) = (PluginManager::new(), Script::new());
    manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
    assert_eq!(manager.reload("p").await.unwrap().stop_error, None);
    assert_eq!(script.tasks_ended.load(SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn background_task_that_does_not_end_is_reported() {
    let (manager, script) = (PluginManager::new(), Script::new());
    script.next_starts([Act::LeakTask]);
    manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
    let report = manager.reload("p").await.unwrap();
    let told = report.stop_error.unwrap();
    assert_eq!(told, "background tasks that did not end within 10s: 1");
    assert_eq!(report.outcome, Outcome::Applied);
}
