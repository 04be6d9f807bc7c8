//! What else is done with the plugin meanwhile.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;
use tower_plugin::{Operation, PluginManager, PluginState};

use super::{HOUR, failing, next_attempt};
use crate::scenario::{Act, Script, Scripted};

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
