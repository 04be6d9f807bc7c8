use std::time::Duration;

use tower_plugin::shutdown::Shutdown;
use tower_plugin::{GroupOutcome, Outcome, PluginManager, ReloadStrategy};

use crate::scenario::{Script, Scripted};

const FOREVER: Duration = Duration::MAX;

fn patient() -> PluginManager {
    let builder = PluginManager::builder().drain_timeout(FOREVER);
    let builder = builder.cancel_grace(FOREVER).store_timeout(FOREVER);
    let builder = builder.start_timeout(FOREVER).stop_timeout(FOREVER);
    let builder = builder.check_timeout(FOREVER).check_interval(FOREVER);
    builder.jitter(1.0).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn no_timeout_is_too_long() {
    let manager = patient();
    for (name, strategy) in [
        ("recreate", ReloadStrategy::Recreate),
        ("replace", ReloadStrategy::Replace),
    ] {
        let plugin = manager.register(name, Scripted(Script::new()));
        let plugin = plugin.strategy(strategy).initial_delay(FOREVER);
        plugin.await.unwrap();
        let report = manager.reload(name).wait(FOREVER).await.unwrap();
        assert_eq!(
            (report.outcome, report.stop_error),
            (Outcome::Applied, None)
        );
    }

    let all = manager.reload_all().only(["replace"]).all_or_nothing();
    let all = all.prepare_timeout(FOREVER).wait(FOREVER).await.unwrap();
    assert_eq!(all.outcome, GroupOutcome::Applied);

    let shutdown = Shutdown::new(manager).deadline(FOREVER);
    let shutdown = shutdown.on(std::future::ready(()));
    assert!(shutdown.finished().await.unwrap().is_clean());
}

#[tokio::test(start_paused = true)]
async fn no_trial_is_too_long_to_be_decided() {
    let manager = patient();
    let plugin = manager.register("p", Scripted(Script::new()));
    let plugin = plugin.strategy(ReloadStrategy::Replace);
    plugin
        .probation(FOREVER)
        .confirm_within(FOREVER)
        .await
        .unwrap();

    let reload = manager.reload("p").start().unwrap();
    reload.on_trial().await;
    let trial = manager.info("p").unwrap().trial.expect("it is on trial");
    assert!(
        trial.ends_in > Some(Duration::from_secs(1 << 29)),
        "{trial:?}"
    );
    assert_eq!(
        manager.promote("p").await.unwrap().outcome,
        Outcome::Applied
    );
}
