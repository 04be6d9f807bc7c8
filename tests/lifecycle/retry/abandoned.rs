//! Attempts that are given up for what somebody asks.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};
use tower_plugin::{
    GroupOutcome, Operation, OperationBuilder, OperationErrorKind, Outcome, PluginHandle,
    PluginManager, PluginState,
};

use super::{HOUR, even, failing};
use crate::scenario::{Act, Instance, Script, Scripted};

/// What an operator may want at three in the morning, and in what state that is to end.
fn commands(manager: &PluginManager) -> Vec<(OperationBuilder, PluginState)> {
    let active = PluginState::Active;
    vec![
        (manager.reload("p"), active),
        (manager.update_config("p", json!({"value": 1})), active),
        (manager.patch_config("p", json!({"value": 1})), active),
        (manager.enable("p"), active),
        (manager.disable("p"), PluginState::Disabled),
        (manager.unload("p"), PluginState::Unloading),
    ]
}

/// A plugin whose next attempt hangs in its start, which has begun.
async fn hanging(manager: &PluginManager, script: &Arc<Script>) -> PluginHandle<Instance> {
    let plugin = failing(manager, script).await;
    script.next_starts([Act::Hang]);
    sleep(Duration::from_secs(5)).await;
    let info = manager.info("p").unwrap();
    assert_eq!(info.operation, Some(Operation::Retry));
    plugin
}

#[tokio::test(start_paused = true)]
async fn attempt_that_hangs_is_abandoned_for_whatever_an_operator_asks() {
    for number in 0..6 {
        let (manager, script) = (PluginManager::new(), Script::new());
        let plugin = hanging(&manager, &script).await;
        let before = Instant::now();
        let (command, end) = commands(&manager).remove(number);
        let report = command.await.unwrap();
        assert_eq!((report.outcome, report.state), (Outcome::Applied, end));
        assert_eq!(before.elapsed(), Duration::ZERO, "{}", report.operation);
        assert_eq!(plugin.state(), end);
        let attempt = &manager.operations()[1];
        assert_eq!(attempt.operation, Operation::Retry);
        let told = attempt.result.clone().unwrap().unwrap_err().to_string();
        let expected = format!("start was abandoned for {}", report.operation);
        assert!(told.contains(&expected), "{told}");
        sleep(HOUR).await;
        assert_eq!(plugin.state(), end, "nothing is tried again");
        assert_eq!(
            script.instances_alive.load(SeqCst),
            usize::from(end == PluginState::Active)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn attempt_that_hangs_is_abandoned_for_the_shutdown_and_for_a_group() {
    let (manager, script) = (PluginManager::new(), Script::new());
    hanging(&manager, &script).await;
    let before = Instant::now();
    for all_or_nothing in [false, true] {
        let mut reload = manager.reload_all();
        if all_or_nothing {
            script.next_starts([Act::Fail("one"), Act::Fail("two"), Act::Hang]);
            manager.reload("p").await.unwrap_err();
            sleep(Duration::from_secs(5)).await;
            reload = reload.all_or_nothing();
        }
        let report = reload.await.unwrap();
        assert_eq!(report.outcome, GroupOutcome::Applied);
    }
    assert_eq!(before.elapsed(), Duration::from_secs(5));

    let (manager, script) = (PluginManager::new(), Script::new());
    hanging(&manager, &script).await;
    let before = Instant::now();
    assert_eq!(manager.shutdown().await.plugins.len(), 1);
    assert_eq!(before.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn attempt_whose_check_hangs_is_abandoned_and_its_instance_stopped() {
    let (manager, script) = (PluginManager::new(), Script::new());
    failing(&manager, &script).await;
    script.next_checks([Act::Hang]);
    sleep(Duration::from_millis(1500)).await;
    assert_eq!(script.instances_alive.load(SeqCst), 1);
    let before = Instant::now();
    manager.disable("p").await.unwrap();
    assert_eq!(before.elapsed(), Duration::ZERO);
    assert_eq!(
        (script.hooks(), script.tasks_ended.load(SeqCst)),
        ((2, 1), 1)
    );
    assert_eq!(script.instances_alive.load(SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_after_an_attempt_was_abandoned_for_it_has_that_made_again() {
    let (manager, script) = (PluginManager::new(), Script::new());
    script.next_starts([Act::Fail("no database")]);
    let plugin = manager.register("p", Scripted(Arc::clone(&script)));
    let plugin = plugin.retry(even().max_attempts(1)).await.unwrap();
    script.next_starts([Act::Hang]);
    sleep(Duration::from_secs(5)).await;
    let refused = manager.update_config("p", json!({"valeu": 1})).await;
    let refused = refused.unwrap_err();
    assert!(matches!(
        refused.kind(),
        OperationErrorKind::ConfigRejected(_)
    ));
    let retry = manager.info("p").unwrap().retry.unwrap();
    assert!(
        retry.attempt == 1 && retry.next_at.is_some(),
        "it does not count"
    );
    sleep(Duration::from_secs(5)).await;
    assert_eq!(plugin.state(), PluginState::Active);
}

#[tokio::test(start_paused = true)]
async fn attempt_is_abandoned_for_no_dry_run_and_for_one_operation_only() {
    let (manager, script) = (PluginManager::new(), Script::new());
    hanging(&manager, &script).await;
    let busy = manager.reload("p").dry_run().await.unwrap_err();
    assert!(busy.is_in_progress() && busy.to_string().contains("(retry)"));
    assert_eq!(
        manager.promote("p").await.unwrap_err().to_string(),
        manager.abort("p").await.unwrap_err().to_string()
    );
    assert_eq!(manager.info("p").unwrap().operation, Some(Operation::Retry));
    let first = manager.disable("p").start().unwrap();
    let second = manager.reload("p").await.unwrap_err();
    assert!(second.is_in_progress(), "{second}");
    first.await.unwrap();
}
