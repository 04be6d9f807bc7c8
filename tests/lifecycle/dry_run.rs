//! What an operation would do, without doing it.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use serde_json::{Value, json};
use tower_plugin::{
    DryRunStep, EventKind, Health, HealthStatus, OperationErrorKind, Outcome, PluginHandle,
    PluginManager, PluginState, ReloadStrategy,
};

use crate::scenario::{Act, Instance, Script, Scripted};

async fn registered(
    strategy: ReloadStrategy,
) -> (PluginManager, Arc<Script>, PluginHandle<Instance>) {
    let manager = PluginManager::new();
    let script = Arc::new(Script {
        secret: true,
        ..Script::default()
    });
    let registration = manager.register("p", Scripted(Arc::clone(&script)));
    let registration = registration.config(json!({"value": 1, "tokens": ["old"]}));
    let plugin = registration.strategy(strategy).await.unwrap();
    (manager, script, plugin)
}

#[tokio::test(start_paused = true)]
async fn dry_run_tells_what_would_be_done_and_does_none_of_it() {
    let (manager, script, plugin) = registered(ReloadStrategy::Replace).await;
    let _inside = plugin.enter().unwrap();
    let events = manager.subscribe();
    let before = (manager.config("p").unwrap(), script.hooks());

    let config = json!({"value": 2, "tokens": ["new"]});
    let report = manager.update_config("p", config).dry_run().await.unwrap();
    assert_eq!((report.outcome, report.version), (Outcome::Unchanged, 1));
    assert_eq!(
        json!(report.dry_run),
        json!({
            "would": "exchange", "strategy": "replace", "trial": false, "in_flight": 1,
            "changes": [
                {"pointer": "/tokens", "kind": "changed", "before": "******", "after": "******"},
                {"pointer": "/value", "kind": "changed", "before": 1, "after": 2},
            ]
        })
    );
    let would = async |operation: tower_plugin::OperationBuilder| {
        operation.dry_run().await.unwrap().dry_run.unwrap().would
    };
    let patch = json!({"tokens": "******"});
    assert_eq!(
        would(manager.patch_config("p", patch)).await,
        DryRunStep::Nothing
    );
    assert_eq!(would(manager.reload("p")).await, DryRunStep::Exchange);
    assert_eq!(would(manager.rollback("p", 1)).await, DryRunStep::Nothing);
    let rollback = manager.rollback("p", 9).dry_run().await.unwrap_err();
    assert!(rollback.to_string().contains('9'), "{rollback}");
    assert_eq!(would(manager.enable("p")).await, DryRunStep::Nothing);
    assert_eq!(would(manager.disable("p")).await, DryRunStep::Stop);
    assert_eq!(would(manager.unload("p")).await, DryRunStep::Stop);

    let after = manager.config("p").unwrap();
    assert_eq!(
        (after.version, after.config),
        (before.0.version, before.0.config)
    );
    assert_eq!((script.hooks(), plugin.generation()), (before.1, 1));
    drop(manager);
    assert!(no_event_but(events, &[]).await);
}

/// Whether a stream of events that has ended has only these.
async fn no_event_but(mut events: tower_plugin::EventStream, kinds: &[EventKind]) -> bool {
    while let Ok(Some(event)) = tokio::time::timeout(std::time::Duration::ZERO, events.recv()).await
    {
        if !kinds.contains(&event.kind) {
            return false;
        }
    }
    true
}

#[tokio::test(start_paused = true)]
async fn dry_run_refuses_what_the_operation_would() {
    let (manager, script, plugin) = registered(ReloadStrategy::Replace).await;
    let events = manager.subscribe();
    let version = manager.config("p").unwrap().version;
    let refused = manager.update_config("p", json!({"value": "x"})).dry_run();
    let refused = refused.await.unwrap_err();
    assert_eq!(refused.config_error().unwrap().pointer(), "/value");

    manager
        .patch_config("p", json!({"value": 2}))
        .await
        .unwrap();
    let stale = manager.patch_config("p", json!({"value": 3}));
    let stale = stale.if_version(version).dry_run().await.unwrap_err();
    assert!(stale.is_version_mismatch());
    assert!(
        manager
            .reload("q")
            .dry_run()
            .await
            .unwrap_err()
            .is_not_found()
    );

    script.next_starts([Act::Wait]);
    let reload = crate::scenario::reload_in_background(&manager, "p");
    script.waiting().await;
    let busy = manager.reload("p").dry_run().await.unwrap_err();
    assert!(busy.is_in_progress());
    script.go_on();
    reload.await.unwrap().unwrap();
    assert_eq!(plugin.last_error(), None);
    drop(manager);
    let rejected = EventKind::ReloadRejected;
    let mut events = events;
    while let Ok(Some(event)) = tokio::time::timeout(std::time::Duration::ZERO, events.recv()).await
    {
        assert_ne!(event.kind, rejected, "{event:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn dry_run_may_start_an_instance_which_serves_nobody_and_is_stopped() {
    let (manager, script, plugin) = registered(ReloadStrategy::Replace).await;
    script.is(Health::degraded("new is slow"));
    let config = json!({"value": 2, "tokens": ["new"]});
    let report = manager
        .update_config("p", config.clone())
        .dry_run_with_start();
    let would = report.await.unwrap().dry_run.unwrap();
    assert_eq!(would.health, Some(HealthStatus::Degraded));
    assert_eq!(would.health_message.as_deref(), Some("****** is slow"));
    assert_eq!((script.hooks(), plugin.generation()), ((2, 1), 1));
    assert_eq!(plugin.enter().unwrap().instance().value, 1);

    script.next_starts([Act::Fail("new and old are no good")]);
    let failed = manager.update_config("p", config).dry_run_with_start();
    let failed = failed.await.unwrap_err();
    let report = failed.report().unwrap();
    assert_eq!(report.outcome, Outcome::Rejected);
    assert!(report.dry_run.is_some());
    let told = format!("{failed} {failed:?} {}", json!(report));
    assert!(told.contains("****** and ****** are no good"), "{told}");
    assert!(
        !told.contains("old are") && !told.contains("new and"),
        "{told}"
    );
    assert_eq!(plugin.last_error(), None);
    let same = manager.reload("p").dry_run_with_start().await.unwrap();
    assert_eq!(same.dry_run.unwrap().would, DryRunStep::Exchange);
}

#[tokio::test(start_paused = true)]
async fn what_must_be_alone_is_not_started_beside_itself() {
    let (manager, script, _plugin) = registered(ReloadStrategy::Recreate).await;
    let error = manager.reload("p").dry_run_with_start().await.unwrap_err();
    let kind = error.kind();
    assert!(
        matches!(kind, OperationErrorKind::CannotStartBeside),
        "{error}"
    );
    assert_eq!(script.hooks(), (1, 0));
    manager.disable("p").await.unwrap();
    let enable = manager.enable("p").dry_run_with_start().await.unwrap();
    assert_eq!(enable.dry_run.unwrap().would, DryRunStep::Start);
    assert_eq!(script.hooks(), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn dry_run_after_a_trial_was_taken_back_tells_of_the_generation_that_serves() {
    let (manager, script, plugin) = registered(ReloadStrategy::Replace).await;
    let tried = json!({"value": 2, "tokens": ["new"]});
    let trial = manager.update_config("p", tried.clone());
    let trial = trial.probation(Duration::from_secs(30)).start().unwrap();
    trial.on_trial().await;
    assert_eq!(plugin.generation(), 2);
    let busy = manager.reload("p").dry_run().await.unwrap_err();
    assert!(busy.is_in_progress(), "what will be true cannot be told");
    manager.abort("p").await.unwrap();

    let report = manager.reload("p").dry_run().await.unwrap();
    assert_eq!((report.generation, report.version), (1, 1));
    assert_eq!(report.state, PluginState::Active);
    let would = report.dry_run.unwrap();
    assert_eq!(
        (would.would, would.changes.len()),
        (DryRunStep::Exchange, 0)
    );
    // The config that was tried is another one again, and that before is the one in force.
    let would = async |config: Value| {
        let report = manager.update_config("p", config).dry_run().await.unwrap();
        let would = report.dry_run.unwrap();
        (report.generation, would.would, would.changes.len())
    };
    assert_eq!(would(tried).await, (1, DryRunStep::Exchange, 2));
    let before = json!({"value": 1, "tokens": ["old"]});
    assert_eq!(would(before).await, (1, DryRunStep::Nothing, 0));
    let started = manager.reload("p").dry_run_with_start().await.unwrap();
    assert_eq!(started.generation, 1);
    assert_eq!(plugin.enter().unwrap().instance().generation, 1);
    // Numbers are not used twice.
    assert_eq!(script.last_stopped.load(SeqCst), 3);
    assert_eq!(manager.reload("p").await.unwrap().generation, 3);
    let report = manager.reload("p").dry_run().await.unwrap();
    assert_eq!(report.generation, 3);
}
