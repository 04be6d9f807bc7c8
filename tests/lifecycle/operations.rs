use std::time::Duration;

use tower_plugin::{Operation, OperationErrorKind, OperationPhase, Outcome, PluginManager};

use crate::scenario::{Act, Script, Scripted, reload_in_background};

#[tokio::test(start_paused = true)]
async fn second_operation_is_refused_unless_it_waits_its_turn() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let plugin = manager.register("p", Scripted(script.clone()));
    let plugin = plugin.await.unwrap();
    script.next_starts([Act::Wait]);
    let first = reload_in_background(&manager, "p");
    script.waiting().await;

    let refused = manager.reload("p").await.unwrap_err();
    assert!(matches!(
        refused.kind(),
        OperationErrorKind::InProgress {
            operation: Operation::Reload,
            id: Some(_),
            ..
        }
    ));
    let patience = Duration::from_secs(3);
    let refused = manager.reload("p").wait(patience).await.unwrap_err();
    assert!(refused.is_in_progress(), "the wait has an end");

    let second = tokio::spawn(manager.reload("p").wait(patience).into_future());
    tokio::task::yield_now().await;
    script.go_on();
    first.await.unwrap().unwrap();
    assert_eq!(second.await.unwrap().unwrap().generation, 3);
    assert_eq!(plugin.generation(), 3);
}

#[tokio::test]
async fn any_operation_can_be_bound_to_a_version_of_the_config() {
    let (manager, script) = (PluginManager::new(), Script::new());
    manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
    let old = manager.config("p").unwrap().version;
    let change = serde_json::json!({"value": 2});
    manager.patch_config("p", change).await.unwrap();
    let hooks = script.hooks();
    for operation in [manager.reload("p"), manager.disable("p")] {
        let refused = operation.if_version(old).await.unwrap_err();
        assert!(refused.is_version_mismatch());
    }
    assert_eq!(script.hooks(), hooks);
    let current = manager.config("p").unwrap().version;
    manager.reload("p").if_version(current).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn operation_that_is_started_goes_on_by_itself_and_shows_how_far_it_is() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let registration = manager.register("p", Scripted(script.clone()));
    let registration = registration.drain_timeout(Duration::from_secs(60));
    let plugin = registration.await.unwrap();
    let (staying, leaving) = (plugin.enter().unwrap(), plugin.enter().unwrap());

    let id = manager
        .reload("p")
        .actor("ops")
        .cause("new database")
        .start()
        .unwrap()
        .id();
    tokio::time::sleep(Duration::from_secs(7)).await;
    drop(leaving);
    let info = manager.operation(id).unwrap();
    assert_eq!(
        (info.plugin.as_str(), info.operation, info.phase),
        ("p", Operation::Reload, OperationPhase::Draining)
    );
    assert_eq!(info.actor.as_deref(), Some("ops"));
    assert_eq!(info.cause.as_deref(), Some("new database"));
    assert_eq!(info.elapsed, Duration::from_secs(7));
    let drain = info.drain.unwrap();
    assert_eq!((drain.at_close, drain.inside), (2, 1));
    assert_eq!(drain.waited, Duration::from_secs(7));
    assert_eq!(drain.timeout, Duration::from_secs(60));
    assert!(info.result.is_none() && info.ended.is_none());
    assert_eq!(manager.info("p").unwrap().operation_id, Some(id));

    script.next_starts([Act::Wait]);
    drop(staying);
    script.waiting().await;
    assert_eq!(
        manager.operation(id).unwrap().phase,
        OperationPhase::Starting
    );
    script.go_on();
    while manager.operation(id).unwrap().phase != OperationPhase::Done {
        tokio::task::yield_now().await;
    }
    let info = manager.operation(id).unwrap();
    let report = info.result.unwrap().unwrap();
    assert_eq!((report.outcome, report.generation), (Outcome::Applied, 2));
    assert!(info.ended.is_some() && info.drain.is_none());
    assert_eq!(manager.info("p").unwrap().operation_id, None);
}

#[tokio::test(start_paused = true)]
async fn operation_that_waits_for_its_turn_is_queued_and_taken_back_when_dropped() {
    let (manager, script) = (PluginManager::new(), Script::new());
    manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
    script.next_starts([Act::Wait]);
    let first = manager.reload("p").start().unwrap();
    script.waiting().await;
    let patience = Duration::from_secs(3);
    let busy = manager.reload("p").start().unwrap_err();
    assert!(matches!(
        busy.kind(),
        OperationErrorKind::InProgress { id, .. } if *id == Some(first.id())
    ));

    let impatient = manager.reload("p").wait(patience).start().unwrap();
    let before = manager.operations().len();
    let gone = tokio::time::timeout(patience / 2, manager.reload("p").wait(patience)).await;
    assert!(gone.is_err());
    assert_eq!(manager.operations().len(), before, "it was taken back");
    assert_eq!(impatient.info().phase, OperationPhase::Queued);
    assert!(impatient.clone().await.unwrap_err().is_in_progress());

    let patient = manager.reload("p").wait(patience).start().unwrap();
    script.go_on();
    assert_eq!(patient.await.unwrap().generation, 3);
    assert_eq!(first.await.unwrap().generation, 2);
}

#[tokio::test(start_paused = true)]
async fn operations_that_are_done_are_remembered_up_to_a_number() {
    let manager = PluginManager::builder().operation_capacity(2);
    let (manager, script) = (manager.build().unwrap(), Script::new());
    manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
    script.next_starts([Act::Fail("no"), Act::Succeed]);
    let first = manager.reload("p").start().unwrap();
    first.clone().await.unwrap_err();
    let second = manager.reload("p").start().unwrap();
    second.clone().await.unwrap();
    let failed = manager.operation(first.id()).unwrap().result.unwrap();
    assert_eq!(
        failed.unwrap_err().report().unwrap().outcome,
        Outcome::RolledBack
    );

    let third = manager.disable("p").start().unwrap();
    third.clone().await.unwrap();
    assert!(manager.operation(first.id()).is_none());
    let known: Vec<_> = manager.operations().iter().map(|info| info.id).collect();
    assert_eq!(known, [third.id(), second.id()], "the newest first");
    assert!(first.await.is_err(), "its handle still answers");
}
