use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tower_plugin::{EventKind, Health, Outcome, PluginManager, PluginState, ReloadStrategy};

use crate::scenario::{Act, Script, Scripted};

#[tokio::test(start_paused = true)]
async fn refused_config_changes_nothing_and_names_the_place() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let plugin = manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
    let lease = plugin.enter().unwrap();
    for (config, pointer) in [
        (json!({"value": "many"}), "/value"),
        (json!({"tokens": ["a", 1]}), "/tokens/1"),
        (json!({"valeu": 1}), "/valeu"),
        (json!([]), ""),
        (json!("x"), ""),
        (json!(null), ""),
    ] {
        let error = manager
            .update_config("p", config.clone())
            .await
            .unwrap_err();
        let refused = error
            .config_error()
            .unwrap_or_else(|| panic!("{config}: {error}"));
        assert_eq!(refused.pointer(), pointer, "{config}: {error}");
    }
    assert_eq!(
        (plugin.state(), plugin.generation()),
        (PluginState::Active, 1)
    );
    assert_eq!(script.hooks(), (1, 0));
    assert_eq!(manager.config("p").unwrap().version.number(), 1);
    assert_eq!(lease.instance().value, 0);
    assert_eq!(plugin.last_error(), None);
}

#[tokio::test(start_paused = true)]
async fn equal_config_is_unchanged_and_reloads_nothing() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let config = json!({"value": 3, "tokens": []});
    manager
        .register("p", Scripted(script.clone()))
        .config(config.clone())
        .await
        .unwrap();
    let report = manager.update_config("p", config).await.unwrap();
    assert_eq!((report.outcome, report.generation), (Outcome::Unchanged, 1));
    assert_eq!(script.hooks(), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn patch_changes_members_and_null_removes_them() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let registration = manager.register("p", Scripted(script));
    let plugin = registration
        .config(json!({"value": 3, "tokens": ["a"]}))
        .await
        .unwrap();
    let report = manager
        .patch_config("p", json!({"value": 4, "tokens": null}))
        .await
        .unwrap();
    assert_eq!((report.outcome, report.version), (Outcome::Applied, 2));
    assert_eq!(manager.config("p").unwrap().config, json!({"value": 4}));
    assert_eq!(plugin.enter().unwrap().instance().value, 4);
}

#[tokio::test(start_paused = true)]
async fn secrets_are_masked_and_kept_when_the_mask_comes_back() {
    let manager = PluginManager::new();
    let script = Arc::new(Script {
        secret: true,
        ..Script::default()
    });
    let config = json!({"value": 1, "tokens": ["s3cr3t"]});
    manager
        .register("p", Scripted(script.clone()))
        .config(config)
        .await
        .unwrap();
    let mut events = manager.subscribe_after(0);

    let mut shown = manager.config("p").unwrap().config;
    assert_eq!(shown, json!({"value": 1, "tokens": "******"}));
    shown["value"] = json!(2);
    manager.update_config("p", shown.clone()).await.unwrap();
    assert_eq!(manager.config("p").unwrap().config, shown);
    let unchanged = json!({"value": 2, "tokens": ["s3cr3t"]});
    let report = manager.update_config("p", unchanged).await.unwrap();
    assert_eq!(report.outcome, Outcome::Unchanged, "the secret was kept");

    let known = json!({"value": 2, "tokens": ["******"]});
    let error = manager.update_config("p", known).await.unwrap_err();
    let refused = error.config_error().unwrap();
    assert_eq!(refused.pointer(), "/tokens", "a mask is no secret");
    let must = refused.to_string();
    assert!(must.contains("all that is stored in this place"), "{must}");

    script.next_starts([Act::Fail("token s3cr3t is no good")]);
    manager.reload("p").await.unwrap_err();
    let error = manager
        .update_config("p", json!({"tokens": "s3cr3t"}))
        .await
        .unwrap_err();
    assert!(!error.to_string().contains("s3cr3t"), "{error}");
    manager.shutdown().await;
    let mut told = json!([manager.list(), manager.status(), manager.health()]).to_string();
    drop(manager);
    while let Some(event) = events.recv().await {
        told += &json!(event).to_string();
    }
    assert!(
        told.contains("******") && !told.contains("s3cr3t"),
        "{told}"
    );
}

#[tokio::test(start_paused = true)]
async fn instance_that_quotes_its_own_secret_quotes_the_mask() {
    let manager = PluginManager::builder()
        .check_interval(Duration::from_secs(1))
        .build()
        .unwrap();
    let script = Arc::new(Script {
        secret: true,
        ..Script::default()
    });
    manager
        .register("p", Scripted(script.clone()))
        .config(json!({"tokens": ["first"]}))
        .strategy(ReloadStrategy::Replace)
        .await
        .unwrap();
    let mut events = manager.subscribe_after(0);

    // The old instance, when the new config is in force already.
    script.next_stops([Act::Fail("first is still open")]);
    let put = manager.update_config("p", json!({"tokens": ["second"]}));
    let stop_error = put.await.unwrap().stop_error;
    assert_eq!(
        stop_error.as_deref(),
        Some("stop failed: ****** is still open")
    );
    // The new instance, when the old config stays in force.
    script.is(Health::unhealthy("third is unknown"));
    script.next_stops([Act::Fail("third is still open")]);
    let put = manager.update_config("p", json!({"tokens": ["third"]}));
    let mut told = put.await.unwrap_err().to_string();
    // The one that serves, when it is checked.
    script.is(Health::degraded("second is slow"));
    tokio::time::sleep(Duration::from_secs(2)).await;
    let health = &manager.health().plugins["p"];
    assert_eq!(health.message.as_deref(), Some("****** is slow"));

    manager.unload("p").await.unwrap();
    while let Some(event) = events.recv().await {
        told += &json!(event).to_string();
        if event.kind == EventKind::Removed {
            break;
        }
    }
    for secret in ["first", "second", "third"] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
}

#[tokio::test]
async fn of_a_hundred_writers_with_one_version_exactly_one_succeeds() {
    let (manager, script) = (PluginManager::new(), Script::new());
    manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
    let version = manager.config("p").unwrap().version;
    let mut writers = tokio::task::JoinSet::new();
    for value in 1..=100 {
        let manager = manager.clone();
        writers.spawn(async move {
            loop {
                let config = json!({"value": value});
                match manager.update_config("p", config).if_version(version).await {
                    Err(busy) if busy.is_in_progress() => tokio::task::yield_now().await,
                    answer => return answer,
                }
            }
        });
    }
    let answers = writers.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let stale = answers.iter().filter_map(|answer| answer.as_ref().err());
    assert!(
        stale
            .into_iter()
            .all(tower_plugin::OperationError::is_version_mismatch)
    );
    assert_eq!(script.hooks(), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn config_of_a_disabled_plugin_is_kept_for_when_it_is_enabled() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let plugin = manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
    manager.disable("p").await.unwrap();
    let report = manager
        .update_config("p", json!({"value": 7}))
        .await
        .unwrap();
    assert_eq!(
        (report.outcome, report.state),
        (Outcome::Applied, PluginState::Disabled)
    );
    assert_eq!(script.hooks(), (1, 1));
    manager.enable("p").await.unwrap();
    assert_eq!(plugin.enter().unwrap().instance().value, 7);
}

#[tokio::test(start_paused = true)]
async fn config_that_does_not_start_is_not_put_in_force_on_a_failed_plugin() {
    let (manager, script) = (PluginManager::new(), Script::new());
    script.next_starts([Act::Fail("one"), Act::Fail("two")]);
    let plugin = manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
    let error = manager
        .update_config("p", json!({"value": 5}))
        .await
        .unwrap_err();
    assert_eq!(error.report().unwrap().outcome, Outcome::Failed);
    assert_eq!(manager.config("p").unwrap().config, json!({}));
    let report = manager
        .update_config("p", json!({"value": 6}))
        .await
        .unwrap();
    assert_eq!((report.outcome, report.version), (Outcome::Applied, 2));
    assert_eq!(plugin.enter().unwrap().instance().value, 6);
}
