//! They never return, or are ended.

use std::time::Duration;

use tower_plugin::{Outcome, PluginManager, PluginState, ReloadStrategy};

use crate::scenario::{Act, Script, Scripted};

#[tokio::test(start_paused = true)]
async fn new_generation_serves_while_the_old_one_hangs_in_its_stop() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let registration = manager.register("p", Scripted(script.clone()));
    let plugin = registration
        .strategy(ReloadStrategy::Replace)
        .await
        .unwrap();
    script.next_stops([Act::Wait]);
    let reload = manager.reload("p").start().unwrap();
    script.waiting().await;
    assert_eq!(plugin.enter().unwrap().instance().generation, 2);
    assert_eq!(plugin.state(), PluginState::Active);
    let report = reload.await.unwrap();
    assert_eq!(
        report.duration,
        Duration::from_secs(10),
        "the timeout of `stop`"
    );
    assert!(
        report
            .stop_error
            .unwrap()
            .contains("did not return within 10s")
    );
}

#[test]
fn plugin_whose_task_is_ended_has_failed_and_answers_so() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let script = Script::new();
    let (manager, plugin, reload) = runtime.block_on(async {
        let manager = PluginManager::new();
        let plugin = manager.register("p", Scripted(script.clone()));
        let plugin = plugin.await.unwrap();
        script.next_starts([Act::Wait]);
        let reload = manager.reload("p").start().unwrap();
        script.waiting().await;
        (manager, plugin, reload)
    });
    assert_eq!(plugin.state(), PluginState::Reloading);
    drop(runtime);
    assert_eq!(plugin.state(), PluginState::Failed);
    assert_eq!(plugin.enter().unwrap_err().state(), PluginState::Failed);
    assert!(plugin.last_error().unwrap().contains("runtime"));

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let report = reload.await.unwrap_err();
        assert_eq!(report.report().unwrap().outcome, Outcome::Failed);
        assert!(manager.reload("p").await.is_err());
        assert_eq!(manager.info("p").unwrap().operation, None);
    });
}
