use std::sync::Arc;

use serde_json::json;
use tower_plugin::{Outcome, PluginManager, PluginState, RegisterError};

use crate::scenario::{Script, Scripted};

#[tokio::test(start_paused = true)]
async fn disable_and_enable_are_idempotent() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let plugin = manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
    assert_eq!(
        manager.enable("p").await.unwrap().outcome,
        Outcome::Unchanged
    );
    assert_eq!(
        manager.disable("p").await.unwrap().outcome,
        Outcome::Applied
    );
    assert_eq!(
        manager.disable("p").await.unwrap().outcome,
        Outcome::Unchanged
    );
    assert_eq!(plugin.enter().unwrap_err().state(), PluginState::Disabled);
    assert_eq!(script.hooks(), (1, 1));
    assert_eq!(manager.enable("p").await.unwrap().outcome, Outcome::Applied);
    assert_eq!(plugin.enter().unwrap().instance().generation, 2);
    assert_eq!(script.hooks(), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn reload_of_a_disabled_plugin_does_not_enable_it() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let plugin = manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
    manager.disable("p").await.unwrap();
    let report = manager.reload("p").await.unwrap();
    assert_eq!(report.outcome, Outcome::Unchanged);
    assert!(report.message.contains("enable it"), "{}", report.message);
    assert_eq!(plugin.state(), PluginState::Disabled);
    assert_eq!(script.hooks(), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn unloaded_plugin_is_forgotten_and_its_layers_reject_for_good() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let old = manager
        .register("p", Scripted(script.clone()))
        .await
        .unwrap();
    let old_version = manager.config("p").unwrap().version;
    manager.unload("p").await.unwrap();
    assert_eq!(script.hooks(), (1, 1));
    assert!(manager.list().plugins.is_empty());
    assert!(manager.reload("p").await.unwrap_err().is_not_found());
    let new = manager.register("p", Scripted(script)).await.unwrap();
    assert_ne!(
        manager.config("p").unwrap().version,
        old_version,
        "though both are the first"
    );
    assert!(new.enter().is_ok());
    assert_eq!(old.enter().unwrap_err().state(), PluginState::Unloading);
}

#[tokio::test(start_paused = true)]
async fn registration_refuses_bad_names_doubles_and_unknown_dependencies() {
    let manager = PluginManager::new();
    let scripted = || Scripted(Script::new());
    manager.register("p", scripted()).await.unwrap();
    let error = manager.register("P!", scripted()).await.unwrap_err();
    assert_eq!(error, RegisterError::InvalidName("P!".to_owned()));
    let error = manager.register("p", scripted()).await.unwrap_err();
    assert_eq!(error, RegisterError::DuplicateName("p".to_owned()));
    let needy = Script {
        dependencies: vec!["p", "geoip"],
        ..Script::default()
    };
    let error = manager
        .register("q", Scripted(Arc::new(needy)))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("`q` depends on `geoip`"),
        "{error}"
    );
    assert_eq!(manager.list().total_count, 1);
}

#[tokio::test(start_paused = true)]
async fn unload_of_a_plugin_that_another_needs_is_refused() {
    let manager = PluginManager::new();
    let base = manager
        .register("base", Scripted(Script::new()))
        .await
        .unwrap();
    let needy = Script {
        dependencies: vec!["base"],
        ..Script::default()
    };
    manager
        .register("needy", Scripted(Arc::new(needy)))
        .await
        .unwrap();
    let error = manager.unload("base").await.unwrap_err();
    assert!(error.to_string().contains("required by `needy`"), "{error}");
    assert!(base.enter().is_ok());
    manager.unload("needy").await.unwrap();
    manager.unload("base").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn config_that_the_type_refuses_at_registration_is_a_failed_start() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let registration = manager.register("p", Scripted(script.clone()));
    let plugin = registration.config(json!({"value": -1})).await.unwrap();
    assert_eq!(plugin.state(), PluginState::Failed);
    let told = plugin.last_error().unwrap();
    assert!(told.contains("/value"), "{told}");
    assert_eq!(script.hooks(), (0, 0));
    manager
        .update_config("p", json!({"value": 1}))
        .await
        .unwrap();
    assert!(plugin.enter().is_ok());
}

#[tokio::test(start_paused = true)]
async fn plugins_serve_on_when_the_last_manager_handle_is_dropped() {
    let manager = PluginManager::new();
    let plugin = manager
        .register("p", Scripted(Script::new()))
        .await
        .unwrap();
    drop(manager);
    tokio::task::yield_now().await;
    assert!(plugin.enter().is_ok());
}
