use std::time::Duration;

use tokio::task::JoinSet;
use tower_plugin::{BoxError, PluginManager, PluginState, plugin_fn};

use crate::scenario::{Act, Script, Scripted, reload_in_background};

#[tokio::test(start_paused = true)]
async fn slow_plugin_delays_neither_reads_nor_other_plugins() {
    let (manager, script) = (PluginManager::new(), Script::new());
    manager
        .register("slow", Scripted(script.clone()))
        .await
        .unwrap();
    manager
        .register("other", Scripted(Script::new()))
        .await
        .unwrap();
    script.next_starts([Act::Wait]);
    let reload = reload_in_background(&manager, "slow");
    script.waiting().await;
    let before = tokio::time::Instant::now();
    assert_eq!(
        manager.status().plugin_system.plugin_states["slow"],
        PluginState::Reloading
    );
    assert_eq!(manager.list().total_count, 2);
    assert_eq!(manager.health().plugins.len(), 2);
    assert_eq!(manager.reload("other").await.unwrap().generation, 2);
    assert_eq!(before.elapsed(), Duration::ZERO);
    script.go_on();
    reload.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hook_that_blocks_its_thread_blocks_no_read_and_no_other_plugin() {
    let manager = PluginManager::new();
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = std::sync::Mutex::new(blocked);
    let (entered, wait_entered) = tokio::sync::oneshot::channel::<()>();
    let entered = std::sync::Mutex::new(Some(entered));
    let blocking = plugin_fn(move |()| {
        entered
            .lock()
            .unwrap()
            .take()
            .map(|entered| entered.send(()));
        let _ = blocked.lock().unwrap().recv();
        async { Ok::<_, BoxError>(()) }
    });
    manager
        .register("other", Scripted(Script::new()))
        .await
        .unwrap();
    let registering = tokio::spawn({
        let manager = manager.clone();
        async move { manager.register("blocking", blocking).await }
    });
    wait_entered.await.unwrap();
    assert_eq!(
        manager.status().plugin_system.plugin_states["blocking"],
        PluginState::Loading
    );
    assert_eq!(manager.reload("other").await.unwrap().generation, 2);
    drop(release);
    assert_eq!(
        registering.await.unwrap().unwrap().state(),
        PluginState::Active
    );
}

#[tokio::test]
async fn a_thousand_plugins_reload_at_the_same_time() {
    let manager = PluginManager::new();
    for number in 0..1000 {
        let plugin = plugin_fn(|()| async { Ok::<_, BoxError>(()) });
        manager
            .register(format!("p{number}"), plugin)
            .await
            .unwrap();
    }
    let mut reloads = JoinSet::new();
    for number in 0..1000 {
        let manager = manager.clone();
        reloads.spawn(async move { manager.reload(&format!("p{number}")).await });
    }
    let reports = reloads.join_all().await;
    assert!(
        reports
            .into_iter()
            .all(|report| report.unwrap().generation == 2)
    );
    assert_eq!(manager.status().plugin_system.active_plugins, 1000);
}
