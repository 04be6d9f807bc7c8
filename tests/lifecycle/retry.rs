//! Starting a plugin again that has failed, without anybody asking.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};
use tower_plugin::{
    Backoff, BoxError, EventKind, GroupOutcome, Operation, OperationBuilder, OperationErrorKind,
    Outcome, PluginHandle, PluginManager, PluginState, StartReason, plugin_fn,
};

use crate::scenario::store::{During, Flaky, Outage};
use crate::scenario::{Act, Instance, Script, Scripted};

const HOUR: Duration = Duration::from_secs(3600);

/// Pauses of 1, 2, 4… seconds.
fn even() -> Backoff {
    Backoff::new().jitter(0.0)
}

async fn failing(manager: &PluginManager, script: &Arc<Script>) -> PluginHandle<Instance> {
    script.next_starts([Act::Fail("no database")]);
    let registration = manager.register("p", Scripted(Arc::clone(script)));
    let plugin = registration.retry(even()).await.unwrap();
    assert_eq!(plugin.state(), PluginState::Failed);
    plugin
}

fn next_attempt(manager: &PluginManager) -> Option<u32> {
    let retry = manager.info("p").unwrap().retry;
    retry.map(|retry| retry.attempt)
}

#[tokio::test(start_paused = true)]
async fn plugin_that_failed_is_started_again_after_growing_pauses_until_it_serves() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let mut events = manager.subscribe();
    script.next_starts([Act::Fail("one"), Act::Panic("two"), Act::Fail("three")]);
    let (begun, plugin) = (Instant::now(), failing(&manager, &script).await);
    let shown = manager.info("p").unwrap().retry.unwrap();
    let (now, next_at) = (std::time::SystemTime::now(), shown.next_at.unwrap());
    assert_eq!(shown.attempt, 1);
    assert!(next_at.duration_since(now).unwrap() <= Duration::from_secs(1));

    let mut told = Vec::new();
    loop {
        let event = events.recv().await.unwrap();
        match event.kind {
            EventKind::RetryScheduled => told.push((begun.elapsed().as_secs(), event.message)),
            EventKind::Ready => break,
            _ => {}
        }
    }
    let expected = [
        (0, "attempt 1 to start it again in 1s"),
        (1, "attempt 2 to start it again in 2s"),
        (3, "attempt 3 to start it again in 4s"),
        (7, "attempt 4 to start it again in 8s"),
    ];
    assert!(
        told.iter()
            .map(|(at, text)| (*at, text.as_str()))
            .eq(expected),
        "{told:?}"
    );
    assert_eq!(begun.elapsed().as_secs(), 15);
    assert_eq!(
        (plugin.state(), plugin.generation()),
        (PluginState::Active, 1)
    );
    let info = manager.info("p").unwrap();
    assert!(info.retry.is_none() && info.last_error.is_none());
    let last = &manager.operations()[0];
    assert_eq!(
        (last.operation, last.actor.as_deref()),
        (Operation::Retry, Some("retry"))
    );
    assert_eq!(last.cause.as_deref(), Some("attempt 4 to start it again"));
    assert_eq!(
        last.result.as_ref().unwrap().as_ref().unwrap().outcome,
        Outcome::Applied
    );

    sleep(HOUR).await;
    assert_eq!(script.hooks(), (5, 0), "success is the end of it");
}

#[tokio::test(start_paused = true)]
async fn failed_change_is_recovered_from_with_the_last_good_config() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let registration = manager.register("p", Scripted(Arc::clone(&script)));
    let registration = registration.config(json!({"value": 1})).retry(even());
    let plugin = registration.await.unwrap();
    script.next_starts([Act::Fail("bad"), Act::Fail("worse"), Act::Fail("still")]);
    let update = manager.update_config("p", json!({"value": 2})).await;
    assert_eq!(
        update.unwrap_err().report().unwrap().outcome,
        Outcome::Failed
    );
    assert_eq!(next_attempt(&manager), Some(1));
    sleep(Duration::from_millis(1500)).await;
    let error = manager.info("p").unwrap().last_error.unwrap();
    assert_eq!(
        (error.operation, error.message.as_str()),
        (Operation::Retry, "start failed: still")
    );
    assert_eq!(next_attempt(&manager), Some(2));
    sleep(Duration::from_secs(2)).await;
    assert_eq!(plugin.enter().unwrap().instance().value, 1);
    assert_eq!(next_attempt(&manager), None);
}

#[tokio::test(start_paused = true)]
async fn plugin_without_it_stays_failed() {
    let (manager, script) = (PluginManager::new(), Script::new());
    script.next_starts([Act::Fail("no database")]);
    let plugin = manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
    sleep(HOUR).await;
    assert_eq!(
        (plugin.state(), script.hooks()),
        (PluginState::Failed, (1, 0))
    );
    assert_eq!(next_attempt(&manager), None);
}

#[tokio::test(start_paused = true)]
async fn after_the_last_attempt_it_is_given_up_until_somebody_tries() {
    let (manager, script) = (PluginManager::new(), Script::new());
    script.next_starts([const { Act::Fail("no database") }; 5]);
    let registration = manager.register("p", Scripted(script.clone()));
    let plugin = registration.retry(even().max_attempts(2)).await.unwrap();
    sleep(HOUR).await;
    assert_eq!(script.hooks(), (3, 0));
    let shown = manager.info("p").unwrap().retry.unwrap();
    assert_eq!((shown.attempt, shown.next_at), (2, None));
    assert_eq!(json!(shown), json!({"attempt": 2, "next_at": null}));
    let mut events = manager.subscribe_after(0);
    let given_up = loop {
        let event = events.recv().await.unwrap();
        if event.kind == EventKind::RetryGivenUp {
            break event.message;
        }
    };
    let told = "given up after 2 attempts: enable it when the cause is mended";
    assert_eq!(given_up, told);

    manager.enable("p").await.unwrap_err();
    assert_eq!(
        next_attempt(&manager),
        Some(1),
        "counted from the first again"
    );
    sleep(HOUR).await;
    assert_eq!(
        (plugin.state(), script.hooks()),
        (PluginState::Active, (6, 0))
    );
}

#[tokio::test(start_paused = true)]
async fn disable_unload_and_shutdown_end_it() {
    for end in [Operation::Disable, Operation::Unload, Operation::Shutdown] {
        let (manager, script) = (PluginManager::new(), Script::new());
        let plugin = failing(&manager, &script).await;
        match end {
            Operation::Disable => drop(manager.disable("p").await.unwrap()),
            Operation::Unload => drop(manager.unload("p").await.unwrap()),
            _ => drop(manager.shutdown().await),
        }
        if let Ok(info) = manager.info("p") {
            assert!(info.retry.is_none());
        }
        sleep(HOUR).await;
        assert_eq!(script.hooks(), (1, 0), "{end}");
        assert!(plugin.enter().is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_started_while_the_manager_shuts_down() {
    let (manager, script) = (PluginManager::new(), Script::new());
    failing(&manager, &script).await;
    let dependent = Arc::new(Script {
        dependencies: vec!["p"],
        ..Script::default()
    });
    let dependent = manager.register("q", Scripted(dependent)).await.unwrap();
    let lease = dependent.enter().unwrap();
    let shutdown = tokio::spawn(async move { manager.shutdown().await });
    sleep(Duration::from_secs(30)).await;
    assert_eq!(script.hooks(), (1, 0), "its turn to stop comes after `q`");
    drop(lease);
    assert_eq!(shutdown.await.unwrap().plugins.len(), 2);
    assert_eq!(script.hooks(), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn what_an_operator_does_counts_and_what_is_refused_does_not() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let plugin = failing(&manager, &script).await;
    let shown = manager.info("p").unwrap().retry;
    manager
        .update_config("p", json!({"valeu": 1}))
        .await
        .unwrap_err();
    manager.reload("p").dry_run().await.unwrap();
    script.next_starts([Act::Fail("a trial")]);
    manager.reload("p").dry_run_with_start().await.unwrap_err();
    assert_eq!(manager.info("p").unwrap().retry, shown);

    script.next_starts([Act::Fail("no database")]);
    manager.reload("p").await.unwrap_err();
    sleep(Duration::from_millis(900)).await;
    assert_eq!(next_attempt(&manager), Some(1), "its pause begins anew");
    manager.reload("p").await.unwrap();
    assert_eq!(
        (plugin.state(), next_attempt(&manager)),
        (PluginState::Active, None)
    );
    sleep(HOUR).await;
    assert_eq!(plugin.generation(), 1);
}

#[tokio::test(start_paused = true)]
async fn attempt_leaves_the_turn_to_who_has_it() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let plugin = failing(&manager, &script).await;
    script.next_starts([Act::Wait]);
    let reload = manager.reload("p").start().unwrap();
    script.waiting().await;
    sleep(Duration::from_secs(10)).await;
    assert_eq!(script.starts.load(SeqCst), 2, "it was due meanwhile");
    script.go_on();
    reload.await.unwrap();
    sleep(HOUR).await;
    assert_eq!((plugin.generation(), script.hooks()), (1, (2, 0)));
}

#[tokio::test(start_paused = true)]
async fn attempt_is_an_operation_that_is_shown() {
    let (manager, script) = (PluginManager::new(), Script::new());
    failing(&manager, &script).await;
    script.next_starts([Act::Wait]);
    script.waiting().await;
    let info = manager.info("p").unwrap();
    assert_eq!(
        (info.operation, info.status),
        (Some(Operation::Retry), PluginState::Loading)
    );
    let retry = info.retry.unwrap();
    assert_eq!((retry.attempt, retry.next_at), (1, None));
}

#[tokio::test(start_paused = true)]
async fn plugin_whose_config_could_not_be_read_starts_with_it_once_it_can() {
    let (store, script) = (Flaky::default(), Script::new());
    let builder = PluginManager::builder().config_store(store.clone());
    let manager = builder.build().unwrap();
    manager
        .register("p", Scripted(Script::new()))
        .await
        .unwrap();
    manager
        .update_config("p", json!({"value": 7}))
        .await
        .unwrap();
    manager.unload("p").await.unwrap();
    store.fail(During::Load, Outage::Fails);
    let registration = manager.register("p", Scripted(script.clone()));
    let plugin = registration
        .config(json!({"value": 1}))
        .retry(even())
        .await
        .unwrap();
    assert_eq!(plugin.state(), PluginState::Failed);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(script.hooks(), (0, 0), "none is better than the wrong one");
    assert_eq!(next_attempt(&manager), Some(3));
    store.heal();
    sleep(HOUR).await;
    assert_eq!(plugin.enter().unwrap().instance().value, 7);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_plugins_that_failed_together_are_not_started_together() {
    let (manager, again) = (PluginManager::new(), Arc::new(Mutex::new(Vec::new())));
    let begun = Instant::now();
    for number in 0..1000 {
        let again = Arc::clone(&again);
        let first = AtomicBool::new(true);
        let plugin = plugin_fn(move |()| {
            let is_first = first.swap(false, SeqCst);
            if !is_first {
                again.lock().unwrap().push(begun.elapsed().as_millis());
            }
            async move {
                if is_first {
                    Err::<(), BoxError>("no".into())
                } else {
                    Ok(())
                }
            }
        });
        let registration = manager.register(format!("p{number}"), plugin);
        registration.retry(Backoff::new()).await.unwrap();
    }
    sleep(Duration::from_secs(2)).await;
    let mut again = again.lock().unwrap().clone();
    assert_eq!(again.len(), 1000);
    assert!(
        again.iter().all(|at| (1000..=1201).contains(at)),
        "{again:?}"
    );
    again.sort_unstable();
    let most = again
        .chunk_by(|one, other| one == other)
        .map(<[_]>::len)
        .max();
    assert!(most < Some(50), "{most:?} in the same millisecond");
}

#[tokio::test(start_paused = true)]
async fn instance_is_told_that_it_is_another_attempt() {
    assert_eq!(StartReason::Retry.to_string(), "retry");
    let (manager, script) = (PluginManager::new(), Script::new());
    failing(&manager, &script).await;
    let mut events = manager.subscribe();
    loop {
        let event = events.recv().await.unwrap();
        if event.kind == EventKind::Starting {
            assert_eq!(event.message, "starting generation 1 (retry)");
            break;
        }
    }
}

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
