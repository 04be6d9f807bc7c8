//! With all requests, while the one before is kept warm.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use tower_plugin::{Health, OperationPhase, Outcome, PluginManager, PluginState};

use super::{PROBATION, answering, ask, scripted};
use crate::scenario::Script;

#[tokio::test(start_paused = true)]
async fn probation_keeps_the_generation_before_warm_until_it_is_passed() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let plugin = scripted(&manager, &script, |it| it.probation(PROBATION)).await;
    let put = manager
        .update_config("p", json!({"value": 2}))
        .start()
        .unwrap();
    put.on_trial().await;
    assert_eq!(plugin.enter().unwrap().instance().value, 2);
    assert_eq!(
        (plugin.state(), plugin.generation()),
        (PluginState::Active, 2)
    );
    assert_eq!(script.hooks(), (2, 0), "the one before is not stopped");
    assert_eq!(manager.config("p").unwrap().version.number(), 1, "not yet");
    let trial = manager.info("p").unwrap().trial.unwrap();
    assert_eq!((trial.new.generation, trial.previous.generation), (2, 1));
    assert_eq!((trial.ends_in, trial.canary), (Some(PROBATION), None));
    assert_eq!(put.info().phase, OperationPhase::Probation);
    assert!(manager.reload("p").await.unwrap_err().is_in_progress());

    let report = put.await.unwrap();
    assert_eq!(
        (report.outcome, report.generation, report.version),
        (Outcome::Applied, 2, 2)
    );
    assert_eq!(report.duration, PROBATION);
    assert_eq!(script.hooks(), (2, 1));
    assert_eq!(script.last_stopped.load(SeqCst), 1);
    assert_eq!(manager.config("p").unwrap().config, json!({"value": 2}));
    assert!(manager.info("p").unwrap().trial.is_none());
}

#[tokio::test(start_paused = true)]
async fn health_that_fails_on_probation_swaps_back_without_building_anything() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let second = Duration::from_secs(1);
    let plugin = scripted(&manager, &script, |it| {
        it.probation(PROBATION)
            .check_interval(second)
            .failure_threshold(2)
    })
    .await;
    let put = manager
        .update_config("p", json!({"value": 2}))
        .start()
        .unwrap();
    put.on_trial().await;
    let inside = plugin.enter().unwrap();
    assert_eq!(inside.instance().generation, 2);
    script.is(Health::unhealthy("disk on fire"));
    tokio::spawn(async move { inside.cancelled().await });

    let error = put.await.unwrap_err();
    let report = error.report().unwrap();
    assert_eq!(
        (report.outcome, report.generation, report.version),
        (Outcome::RolledBack, 1, 1)
    );
    assert!(
        report.message.contains("disk on fire"),
        "{}",
        report.message
    );
    assert_eq!(
        report.drain.cancelled, 1,
        "who was inside the new one was drained"
    );
    assert_eq!(plugin.enter().unwrap().instance().generation, 1);
    assert_eq!(script.hooks(), (2, 1), "nothing was built anew");
    assert_eq!(script.last_stopped.load(SeqCst), 2);
    assert_eq!(manager.config("p").unwrap().config, json!({}));
    assert!(plugin.last_error().unwrap().contains("disk on fire"));

    script.is(Health::healthy());
    let again = manager.reload("p").await.unwrap();
    assert_eq!(again.generation, 3, "a number is never used twice");
}

#[tokio::test(start_paused = true)]
async fn requests_that_fail_end_a_trial_only_where_they_did_not_fail_before() {
    for (before, then, outcome) in [
        (200, 500, Outcome::RolledBack),
        (500, 500, Outcome::Applied),
    ] {
        let manager = PluginManager::new();
        let plugin = answering(&manager, before).await;
        ask(&plugin, 20).await;
        let put = manager.update_config("p", json!({"status": then, "x": 1}));
        let put = put.start().unwrap();
        put.on_trial().await;
        ask(&plugin, 9).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(
            put.info().phase,
            OperationPhase::Probation,
            "too few to say"
        );
        ask(&plugin, 1).await;
        let began = Instant::now();
        let answer = put.await;
        match outcome {
            Outcome::Applied => assert_eq!(answer.unwrap().generation, 2),
            _ => {
                let error = answer.unwrap_err();
                let report = error.report().unwrap();
                assert_eq!(report.outcome, Outcome::RolledBack);
                let told = "100.0 % of 10 requests failed, where 50.0 % may, and 0.0 % did before";
                assert!(report.message.contains(told), "{}", report.message);
                assert!(
                    began.elapsed() <= Duration::from_secs(1),
                    "it is noticed in time"
                );
                assert_eq!(ask(&plugin, 10).await, 10);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn generation_that_nobody_confirms_in_time_is_taken_back() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let minute = Duration::from_secs(60);
    let plugin = scripted(&manager, &script, |it| it.confirm_within(minute)).await;
    let began = Instant::now();
    let error = manager.reload("p").await.unwrap_err();
    assert_eq!(began.elapsed(), minute);
    assert!(
        error.to_string().contains("not confirmed within 1m0s"),
        "{error}"
    );
    assert_eq!(plugin.enter().unwrap().instance().generation, 1);

    let reload = manager.reload("p").probation(PROBATION).start().unwrap();
    tokio::time::sleep(PROBATION + Duration::from_secs(1)).await;
    assert_eq!(
        reload.info().phase,
        OperationPhase::Probation,
        "time is not enough"
    );
    let report = manager.promote("p").await.unwrap();
    assert_eq!((report.outcome, report.generation), (Outcome::Applied, 3));
    assert_eq!(reload.await.unwrap().generation, 3);
    assert!(manager.promote("p").await.unwrap_err().is_not_on_trial());
}
