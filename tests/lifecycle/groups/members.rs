//! What becomes of plugins that are not like the others.

use std::time::Duration;

use tower_plugin::{
    GroupOutcome, OperationErrorKind, OperationPhase, PluginManager, PluginResult, PluginState,
    ReloadStrategy,
};

use crate::scenario::{Act, Script, Scripted, reload_in_background};

use super::{generations, register, states, three};

#[tokio::test(start_paused = true)]
async fn recreated_plugins_and_busy_ones_refuse_all_before_anything_is_touched() {
    let (manager, scripts) = three().await;
    let recreated = register(&manager, "d", ReloadStrategy::Recreate).await;
    let error = manager.reload_all().all_or_nothing().await.unwrap_err();
    assert!(
        matches!(error.kind(), OperationErrorKind::NotReplaceable { plugins, .. }
        if *plugins == ["d"])
    );
    assert!(error.to_string().contains("`d`"), "{error}");
    recreated.next_starts([Act::Fail("no"), Act::Fail("no")]);
    manager.reload("d").await.unwrap_err();
    let all = manager.reload_all().all_or_nothing().await.unwrap();
    assert_eq!(
        all.outcome,
        GroupOutcome::Applied,
        "one that has failed has nothing beside it"
    );
    assert_eq!(states(&manager), [PluginState::Active; 4]);

    let before = generations(&manager);
    let [_, b, _] = &scripts;
    b.next_starts([Act::Wait]);
    let reload = reload_in_background(&manager, "b");
    b.waiting().await;
    let only = || manager.reload_all().only(["a", "b", "c"]).all_or_nothing();
    assert!(only().await.unwrap_err().is_in_progress());
    assert_eq!(generations(&manager), before);
    let waiting = tokio::spawn(only().wait(Duration::from_secs(5)).into_future());
    tokio::time::sleep(Duration::from_secs(1)).await;
    b.go_on();
    reload.await.unwrap().unwrap();
    let report = waiting.await.unwrap().unwrap();
    assert_eq!(report.outcome, GroupOutcome::Applied);
}

#[tokio::test(start_paused = true)]
async fn failed_plugin_of_a_group_rejects_as_what_it_is_seen_as_and_fails_again_with_the_others() {
    let (manager, [a, b, _]) = three().await;
    let script = Script::new();
    script.next_starts([Act::Fail("no"), Act::Wait, Act::Wait, Act::Wait]);
    let failed = manager.register("d", Scripted(script.clone()));
    let failed = failed.await.unwrap();
    let seen = |state: PluginState| {
        assert_eq!(failed.state(), state);
        assert_eq!(failed.enter().unwrap_err().state(), state);
    };
    seen(PluginState::Failed);
    let reload = || tokio::spawn(manager.reload_all().all_or_nothing().into_future());

    // Another is not ready.
    let reloading = reload();
    b.next_starts([Act::Fail("no")]);
    script.waiting().await;
    seen(PluginState::Reloading);
    script.go_on();
    let report = reloading.await.unwrap().unwrap();
    assert_eq!(report.outcome, GroupOutcome::Failed);
    seen(PluginState::Failed);
    assert_eq!(script.hooks().1, 1, "the new instance is stopped again");

    // It is not ready itself.
    script.next_checks([Act::Fail("ill")]);
    let reloading = reload();
    script.waiting().await;
    seen(PluginState::Reloading);
    script.go_on();
    reloading.await.unwrap().unwrap();
    seen(PluginState::Failed);
    assert_eq!(generations(&manager), [1, 1, 1, 0]);

    let reloading = reload();
    script.waiting().await;
    seen(PluginState::Reloading);
    script.go_on();
    let report = reloading.await.unwrap().unwrap();
    assert_eq!(report.outcome, GroupOutcome::Applied);
    assert_eq!(failed.enter().unwrap().instance().generation, 1);
    assert_eq!(generations(&manager), [2, 2, 2, 1]);
    assert_eq!(a.hooks(), (4, 3));
}

#[tokio::test(start_paused = true)]
async fn disabled_plugin_is_left_alone_by_all_or_nothing_even_where_it_is_recreated() {
    let (manager, _) = three().await;
    let disabled = register(&manager, "d", ReloadStrategy::Recreate).await;
    manager.disable("d").await.unwrap();
    let report = manager.reload_all().all_or_nothing().await.unwrap();
    assert_eq!(report.outcome, GroupOutcome::Applied);
    assert!(matches!(&report.results[3], PluginResult::Skipped { plugin, .. } if plugin == "d"));
    assert_eq!(generations(&manager), [2, 2, 2, 1]);
    assert_eq!(disabled.hooks(), (1, 1));
    assert_eq!(states(&manager)[3], PluginState::Disabled);
}

#[tokio::test(start_paused = true)]
async fn plugin_on_trial_refuses_the_group_or_is_waited_for() {
    let (manager, [a, ..]) = three().await;
    let trial = manager.reload("b").probation(Duration::from_secs(30));
    let trial = trial.start().unwrap();
    trial.on_trial().await;

    let error = manager.reload_all().all_or_nothing().await.unwrap_err();
    assert!(error.is_in_progress() && error.plugin() == "b", "{error}");
    assert_eq!(a.hooks(), (1, 0), "nothing was touched");
    let each = manager.reload_all().await.unwrap();
    assert_eq!(each.outcome, GroupOutcome::Partial);
    assert!(matches!(&each.results[1], PluginResult::Failed(error) if error.is_in_progress()));
    assert_eq!(trial.info().phase, OperationPhase::Probation, "it goes on");

    let wait = Duration::from_secs(60);
    let all = manager.reload_all().all_or_nothing().wait(wait).await;
    assert_eq!(all.unwrap().outcome, GroupOutcome::Applied);
    assert!(trial.await.is_ok(), "it was passed first");
    assert_eq!(generations(&manager), [3, 3, 3]);
}

#[tokio::test(start_paused = true)]
async fn all_together_decide_together_whatever_trial_they_were_registered_with() {
    let manager = PluginManager::new();
    let plugin = manager.register("p", Scripted(Script::new()));
    let plugin = plugin.strategy(ReloadStrategy::Replace);
    plugin.probation(Duration::from_secs(30)).await.unwrap();
    let before = tokio::time::Instant::now();
    let report = manager.reload_all().all_or_nothing().await.unwrap();
    assert_eq!(report.outcome, GroupOutcome::Applied);
    assert_eq!(before.elapsed(), Duration::ZERO);
    assert!(manager.promote("p").await.unwrap_err().is_not_on_trial());
}

#[tokio::test(start_paused = true)]
async fn plugin_that_is_unloaded_while_its_turn_is_waited_for_leaves_the_others_untouched() {
    let (manager, [a, b, _]) = three().await;
    b.next_stops([Act::Wait]);
    let unloading = tokio::spawn(manager.unload("b").into_future());
    b.waiting().await;
    let all = manager.reload_all().all_or_nothing();
    let all = tokio::spawn(all.wait(Duration::from_secs(5)).into_future());
    tokio::time::sleep(Duration::from_millis(1)).await;
    b.go_on();
    unloading.await.unwrap().unwrap();
    assert!(all.await.unwrap().unwrap_err().is_not_found());
    assert_eq!(a.hooks(), (1, 0));
    let rest = manager.reload_all().all_or_nothing().await.unwrap();
    assert_eq!(rest.outcome, GroupOutcome::Applied);
}
