//! Trials that are ended for something else, or cannot be had.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use tower_plugin::gate::Share;
use tower_plugin::{PluginManager, PluginState, RegisterError};

use super::{PROBATION, scripted};
use crate::scenario::{Act, Script, Scripted};

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
async fn error_rate_that_nobody_would_look_at_is_refused() {
    let (manager, script) = (PluginManager::new(), Script::new());
    scripted(&manager, &script, |it| it.max_error_rate(0.5)).await;
    for operation in [
        manager.reload("p").max_error_rate(0.1),
        manager.reload("p").min_requests(5).dry_run(),
        manager.disable("p").max_error_rate(0.1),
    ] {
        assert!(operation.await.unwrap_err().is_trial_unavailable());
    }
    assert_eq!(script.hooks(), (1, 0));
    let none = manager.reload("p").probation(Duration::ZERO);
    none.await.expect("it asks for no trial");
    let short = manager.reload("p").max_error_rate(0.1);
    short.probation(PROBATION).await.expect("nothing failed");
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
