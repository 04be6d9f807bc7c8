//! When it is started again, and with what.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};
use tower_plugin::{
    Backoff, BoxError, EventKind, Operation, Outcome, PluginManager, PluginState, StartReason,
    plugin_fn,
};

use super::{HOUR, even, failing, next_attempt};
use crate::scenario::events::until;
use crate::scenario::store::{During, Flaky, Outage};
use crate::scenario::{Act, Script, Scripted};

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
    let given_up = until(&mut events, EventKind::RetryGivenUp).await;
    let told = "given up after 2 attempts: enable it when the cause is mended";
    assert_eq!(given_up.message, told);

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
    let starting = until(&mut events, EventKind::Starting).await;
    assert_eq!(starting.message, "starting generation 1 (retry)");
}
