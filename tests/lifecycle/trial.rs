//! New generations on trial: canaries, probation, confirmation.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use serde_json::json;
use tokio::time::Instant;
use tower::{Service, ServiceExt};
use tower_plugin::gate::Share;
use tower_plugin::{
    BoxError, Health, OperationPhase, Outcome, PluginHandle, PluginManager, PluginState,
    RegisterError, Registration, ReloadStrategy, SwapService, plugin_fn,
};

use crate::scenario::{Act, Instance, Script, Scripted};

const PROBATION: Duration = Duration::from_secs(30);

/// Answers with the status that its config says.
#[derive(Clone)]
struct Answering(u16);

impl Service<Request<()>> for Answering {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        let mut response = Response::new(Full::default());
        *response.status_mut() = self.0.try_into().unwrap();
        ready(Ok(response))
    }
}

async fn answering(manager: &PluginManager, status: u16) -> PluginHandle<Answering> {
    let plugin = plugin_fn(
        |config: std::collections::BTreeMap<String, u16>| async move {
            Ok::<_, BoxError>(Answering(config["status"]))
        },
    );
    manager
        .register("p", plugin)
        .config(json!({"status": status}))
        .strategy(ReloadStrategy::Replace)
        .probation(PROBATION)
        .max_error_rate(0.5)
        .min_requests(10)
        .await
        .unwrap()
}

/// Sends requests, and says how many of them were answered 200.
async fn ask(plugin: &PluginHandle<Answering>, requests: usize) -> usize {
    let mut good = 0;
    for _ in 0..requests {
        let response = SwapService::new(plugin).oneshot(Request::new(()));
        let response = response.await.unwrap();
        good += usize::from(response.status() == 200);
        response.into_body().collect().await.unwrap();
    }
    good
}

async fn scripted(
    manager: &PluginManager,
    script: &Arc<Script>,
    with: impl FnOnce(Registration<Scripted>) -> Registration<Scripted>,
) -> PluginHandle<Instance> {
    let registration = manager.register("p", Scripted(script.clone()));
    let registration = registration.strategy(ReloadStrategy::Replace);
    with(registration).await.unwrap()
}

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

#[tokio::test(start_paused = true)]
async fn canary_is_given_its_share_until_it_is_promoted() {
    let manager = PluginManager::new();
    let plugin = answering(&manager, 200).await;
    let put = manager.update_config("p", json!({"status": 404}));
    let put = put
        .canary(Share::new(10).unwrap())
        .probation(Duration::ZERO);
    let put = put.start().unwrap();
    put.on_trial().await;
    assert_eq!(ask(&plugin, 100).await, 90);
    assert_eq!(
        (plugin.state(), plugin.generation()),
        (PluginState::Active, 1)
    );
    let info = put.info();
    assert_eq!(info.phase, OperationPhase::Canary);
    let trial = info.trial.unwrap();
    assert_eq!((trial.canary, trial.new.finished), (Some(10), 10));

    let report = manager.promote("p").await.unwrap();
    assert_eq!(
        (report.outcome, report.generation, report.version),
        (Outcome::Applied, 2, 2)
    );
    assert_eq!(ask(&plugin, 100).await, 0);
    assert_eq!(plugin.generation(), 2);
}

#[tokio::test(start_paused = true)]
async fn canary_that_is_aborted_leaves_no_trace_but_its_number() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let plugin = scripted(&manager, &script, |it| it).await;
    let put = manager.update_config("p", json!({"value": 2}));
    let put = put.canary(Share::new(50).unwrap()).start().unwrap();
    put.on_trial().await;
    let inside: Vec<_> = (0..2).map(|_| plugin.enter().unwrap()).collect();
    assert_ne!(
        inside[0].instance().generation,
        inside[1].instance().generation
    );
    drop(inside);
    let report = manager.abort("p").await.unwrap();
    assert_eq!(
        (report.outcome, report.generation),
        (Outcome::RolledBack, 1)
    );
    assert!(
        put.await
            .unwrap_err()
            .to_string()
            .contains("it was aborted")
    );
    assert!((0..100).all(|_| plugin.enter().unwrap().instance().generation == 1));
    assert_eq!(manager.config("p").unwrap().config, json!({}));
    assert_eq!(script.hooks(), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn canary_with_a_probation_passes_both_by_itself_or_is_taken_back_by_its_requests() {
    for (status, outcome) in [(404, Outcome::Applied), (500, Outcome::RolledBack)] {
        let manager = PluginManager::new();
        let plugin = answering(&manager, 200).await;
        let put = manager.update_config("p", json!({"status": status}));
        let put = put.canary(Share::new(20).unwrap()).start().unwrap();
        put.on_trial().await;
        ask(&plugin, 50).await;
        tokio::time::sleep(PROBATION + Duration::from_secs(1)).await;
        if outcome == Outcome::Applied {
            assert_eq!(put.info().phase, OperationPhase::Probation);
            assert_eq!(ask(&plugin, 10).await, 0, "it has all of them");
            assert_eq!(put.await.unwrap().duration, PROBATION * 2);
        } else {
            assert_eq!(put.await.unwrap_err().report().unwrap().outcome, outcome);
            assert_eq!(ask(&plugin, 10).await, 10);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn unhealthy_canary_is_taken_back() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let plugin = scripted(&manager, &script, |it| {
        it.check_interval(Duration::from_secs(1))
            .failure_threshold(1)
    })
    .await;
    let reload = manager.reload("p").canary(Share::new(5).unwrap());
    let reload = reload.start().unwrap();
    reload.on_trial().await;
    script.is(Health::unhealthy("no"));
    let error = reload.await.unwrap_err();
    assert!(error.to_string().contains("it is unhealthy: no"), "{error}");
    assert_eq!(plugin.generation(), 1);
}

#[tokio::test(start_paused = true)]
async fn disabling_unloading_and_shutting_down_end_a_trial_and_go_on() {
    for what in ["disable", "unload", "shutdown"] {
        let (manager, script) = (PluginManager::new(), Script::new());
        let plugin = scripted(&manager, &script, |it| it.confirm_within(PROBATION)).await;
        let reload = manager
            .update_config("p", json!({"value": 2}))
            .start()
            .unwrap();
        reload.on_trial().await;
        let began = Instant::now();
        match what {
            "disable" => drop(manager.disable("p").await.unwrap()),
            "unload" => drop(manager.unload("p").await.unwrap()),
            _ => assert_eq!(manager.shutdown().await.plugins.len(), 1),
        }
        assert_eq!(began.elapsed(), Duration::ZERO, "{what}");
        let ended = reload.await.unwrap_err().to_string();
        assert!(ended.contains(&format!("ended by {what}")), "{ended}");
        assert_eq!(script.hooks(), (2, 2), "{what}");
        assert!(plugin.enter().is_err());
        if what == "disable" {
            assert_eq!(manager.config("p").unwrap().config, json!({}));
            manager.enable("p").await.unwrap();
            assert_eq!(plugin.enter().unwrap().instance().value, 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn trial_that_cannot_be_had_is_refused_and_changes_nothing() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let plugin = manager.register("p", Scripted(script.clone()));
    plugin.await.unwrap();
    let share = Share::new(10).unwrap();
    for operation in [
        manager.reload("p").canary(share),
        manager.reload("p").probation(PROBATION),
        manager
            .update_config("p", json!({"value": 2}))
            .confirm_within(PROBATION),
        manager.disable("p").canary(share),
    ] {
        assert!(operation.await.unwrap_err().is_trial_unavailable());
    }
    assert_eq!(script.hooks(), (1, 0));
    assert_eq!(manager.config("p").unwrap().version.number(), 1);
    let registration = manager.register("q", Scripted(script)).probation(PROBATION);
    let error = registration.await.unwrap_err();
    assert_eq!(error, RegisterError::TrialNeedsReplace("q".to_owned()));
    assert!(manager.abort("p").await.unwrap_err().is_not_on_trial());
    assert!(manager.abort("none").await.unwrap_err().is_not_found());
}

#[tokio::test(start_paused = true)]
async fn generation_that_does_not_start_is_never_on_trial() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let plugin = scripted(&manager, &script, |it| it.probation(PROBATION)).await;
    script.next_starts([Act::Fail("no")]);
    let reload = manager.reload("p").start().unwrap();
    reload.on_trial().await;
    assert!(reload.info().result.unwrap().is_err());
    assert_eq!(
        (plugin.state(), plugin.generation()),
        (PluginState::Active, 1)
    );
}
