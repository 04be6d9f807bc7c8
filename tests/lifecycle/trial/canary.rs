//! With a share of them first.

use std::time::Duration;

use serde_json::json;
use tower_plugin::gate::Share;
use tower_plugin::{Health, OperationPhase, Outcome, PluginManager, PluginState};

use super::{PROBATION, answering, ask, scripted};
use crate::scenario::Script;

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
