use std::time::Duration;

use tower_plugin::{Operation, OperationErrorKind, PluginManager};

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
        OperationErrorKind::InProgress(Operation::Reload)
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
