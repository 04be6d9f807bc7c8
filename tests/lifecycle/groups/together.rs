//! Each by itself, or all or none.

use std::time::Duration;

use tower_plugin::{GroupOutcome, PluginResult, PluginState, ReloadStrategy};

use crate::scenario::{Act, Script, Scripted, reload_in_background};

use super::{generations, register, states, three};

#[tokio::test(start_paused = true)]
async fn each_is_reloaded_by_itself_and_a_failure_concerns_no_other() {
    let (manager, [a, b, _]) = three().await;
    register(&manager, "d", ReloadStrategy::Recreate).await;
    manager.disable("c").await.unwrap();
    a.next_starts([Act::Fail("no")]);
    b.next_starts([Act::Wait]);
    let reloading = tokio::spawn({
        let manager = manager.clone();
        async move { manager.reload_all().await }
    });
    b.waiting().await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(
        generations(&manager),
        [1, 1, 1, 2],
        "none waits for another"
    );
    b.go_on();
    let report = reloading.await.unwrap().unwrap();
    assert_eq!(report.outcome, GroupOutcome::Partial);
    assert_eq!(report.plugins().collect::<Vec<_>>(), ["a", "b", "c", "d"]);
    let [a, b, c, d] = report.results.as_slice() else {
        panic!("{report:?}");
    };
    assert!(a.is_failure() && b.is_applied() && d.is_applied());
    assert!(matches!(c, PluginResult::Skipped { reason, .. } if reason == "disabled"));

    let report = manager.reload_all().only(["d", "a", "d"]).await.unwrap();
    assert_eq!(report.plugins().collect::<Vec<_>>(), ["a", "d"]);
    let error = manager.reload_all().only(["a", "x"]).await.unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(generations(&manager), [2, 2, 1, 3]);
}

#[tokio::test(start_paused = true)]
async fn none_serves_before_all_are_ready() {
    let (manager, scripts) = three().await;
    for script in &scripts {
        script.next_starts([Act::Wait]);
    }
    let reloading = tokio::spawn({
        let manager = manager.clone();
        async move { manager.reload_all().all_or_nothing().await }
    });
    let [a, b, c] = &scripts;
    for script in [a, b] {
        script.waiting().await;
        script.go_on();
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(generations(&manager), [1, 1, 1]);
    }
    let busy = reload_in_background(&manager, "a").await.unwrap();
    assert!(busy.unwrap_err().is_in_progress(), "it has its turn");
    c.waiting().await;
    c.go_on();
    let report = reloading.await.unwrap().unwrap();
    assert_eq!(report.outcome, GroupOutcome::Applied);
    assert_eq!(generations(&manager), [2, 2, 2]);
    assert!(scripts.iter().all(|script| script.hooks() == (2, 1)));
}

#[tokio::test(start_paused = true)]
async fn one_that_is_not_ready_leaves_all_as_they_were() {
    for act in [Act::Fail("no"), Act::Panic("no"), Act::Hang] {
        let (manager, [a, b, c]) = three().await;
        b.next_starts([act]);
        let report = manager.reload_all().all_or_nothing().await.unwrap();
        assert_eq!(report.outcome, GroupOutcome::Failed);
        assert!(report.results.iter().all(PluginResult::is_failure));
        assert_eq!(generations(&manager), [1, 1, 1]);
        assert_eq!(states(&manager), [PluginState::Active; 3]);
        assert_eq!((a.hooks(), c.hooks()), ((2, 1), (2, 1)), "stopped again");
        let report = manager.reload_all().all_or_nothing().await.unwrap();
        assert_eq!(
            report.outcome,
            GroupOutcome::Applied,
            "it can be tried again"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn all_that_are_not_ready_in_time_are_given_up() {
    let (manager, [_, b, _]) = three().await;
    b.next_starts([Act::Hang]);
    let before = tokio::time::Instant::now();
    let reload = manager.reload_all().all_or_nothing();
    let report = reload
        .prepare_timeout(Duration::from_secs(5))
        .await
        .unwrap();
    assert_eq!(report.outcome, GroupOutcome::Failed);
    assert_eq!(generations(&manager), [1, 1, 1]);
    assert_eq!(
        before.elapsed(),
        Duration::from_secs(30),
        "the start's own bound"
    );
}

#[tokio::test(start_paused = true)]
async fn group_goes_on_when_whoever_asked_for_it_goes_away() {
    let (manager, [a, ..]) = three().await;
    a.next_starts([Act::Wait]);
    let reloading = tokio::spawn(manager.reload_all().all_or_nothing().into_future());
    a.waiting().await;
    reloading.abort();
    a.go_on();
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(generations(&manager), [2, 2, 2]);
}

#[tokio::test(start_paused = true)]
async fn each_that_depends_on_others_is_reloaded_after_them_and_all_together_at_once() {
    let (manager, [a, ..]) = three().await;
    let [middle, top] = [Script::new(), Script::new()];
    for (name, script, on) in [("0-middle", &middle, "a"), ("0-top", &top, "0-middle")] {
        let plugin = manager.register(name, Scripted(script.clone()));
        let plugin = plugin.strategy(ReloadStrategy::Replace);
        plugin.depends_on([on]).await.unwrap();
    }
    a.next_starts([Act::Wait]);
    middle.next_starts([Act::Fail("no")]);
    // Its dependency through one that is not among them counts, too.
    let only = manager.reload_all().only(["a", "0-top"]);
    let reloading = tokio::spawn(only.into_future());
    a.waiting().await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!((middle.hooks(), top.hooks()), ((1, 0), (1, 0)));
    a.go_on();
    reloading.await.unwrap().unwrap();
    assert_eq!((middle.hooks(), top.hooks()), ((1, 0), (2, 1)));

    let report = manager.reload_all().await.unwrap();
    assert_eq!(report.outcome, GroupOutcome::Partial);
    assert_eq!(top.hooks(), (3, 2), "whatever becomes of the others");

    a.next_starts([Act::Wait]);
    let together = manager.reload_all().all_or_nothing();
    let together = tokio::spawn(together.into_future());
    a.waiting().await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!((middle.hooks().0, top.hooks().0), (3, 4));
    a.go_on();
    assert_eq!(
        together.await.unwrap().unwrap().outcome,
        GroupOutcome::Applied
    );
}
