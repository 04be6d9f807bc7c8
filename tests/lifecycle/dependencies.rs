//! Plugins that depend on each other: started, stopped and reloaded in order.

use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use tower_plugin::{
    GroupOutcome, Health, PluginHandle, PluginManager, PluginResult, PluginState, RegisterError,
};

use crate::scenario::{Act, Instance, Script, Scripted, reload_in_background};

async fn register(manager: &PluginManager, name: &str, on: &[&str]) -> Arc<Script> {
    let script = Script::new();
    let plugin = manager.register(name, Scripted(script.clone()));
    plugin.depends_on(on.iter().copied()).await.unwrap();
    script
}

fn names(manager: &PluginManager) -> Vec<String> {
    let list = manager.list().plugins;
    list.into_iter().map(|plugin| plugin.name).collect()
}

#[tokio::test(start_paused = true)]
async fn dependencies_by_option_and_by_the_plugin_itself_count_alike() {
    let manager = PluginManager::new();
    register(&manager, "a", &[]).await;
    let by_itself = Script {
        dependencies: vec!["a"],
        ..Script::default()
    };
    let plugin = manager.register("b", Scripted(Arc::new(by_itself)));
    plugin.await.unwrap();
    register(&manager, "c", &["b", "b"]).await;
    let error = manager.unload("b").await.unwrap_err();
    assert!(error.to_string().contains("required by `c`"), "{error}");
    let report = manager.shutdown().await;
    let order = report.plugins.iter().map(|report| report.plugin.as_str());
    assert_eq!(order.collect::<Vec<_>>(), ["c", "b", "a"]);
}

#[tokio::test(start_paused = true)]
async fn plugins_added_in_any_order_are_started_each_after_what_it_depends_on() {
    let manager = PluginManager::new();
    let scripts = [(); 4].map(|()| Script::new());
    let mut all = manager.register_all();
    let mut handles: Vec<PluginHandle<Instance>> = Vec::new();
    for (script, (name, on)) in scripts.iter().zip([
        ("top", ["left", "right"].as_slice()),
        ("left", &["base"]),
        ("right", &["base"]),
        ("base", &[]),
    ]) {
        script.next_starts([Act::Wait]);
        let plugin = manager.register(name, Scripted(script.clone()));
        handles.push(all.add(plugin.depends_on(on.iter().copied())).unwrap());
    }
    assert_eq!(names(&manager), Vec::<String>::new(), "not awaited yet");
    let [top, left, right, base] = &scripts;
    let registering = tokio::spawn(async { all.await });
    let started = || scripts.each_ref().map(|script| script.hooks().0);
    base.waiting().await;
    assert_eq!(started(), [0, 0, 0, 1]);
    assert_eq!(handles[0].state(), PluginState::Loading);
    base.go_on();
    left.waiting().await;
    right.waiting().await;
    assert_eq!(started(), [0, 1, 1, 1], "those at the same time");
    left.go_on();
    right.go_on();
    top.waiting().await;
    top.go_on();
    registering.await.unwrap().unwrap();
    assert!(handles.iter().all(|handle| handle.enter().is_ok()));
}

#[tokio::test(start_paused = true)]
async fn circle_and_unknown_name_are_refused_with_the_path_and_nothing_is_registered() {
    let manager = PluginManager::new();
    register(&manager, "there", &[]).await;
    let together = async |plugins: &[(&str, &[&str])]| {
        let mut all = manager.register_all();
        let mut handles = Vec::new();
        for (name, on) in plugins {
            let plugin = manager.register(*name, Scripted(Script::new()));
            handles.push(all.add(plugin.depends_on(on.iter().copied())).unwrap());
        }
        let error = all.await.unwrap_err();
        assert_eq!(names(&manager), ["there"]);
        for handle in handles {
            assert_eq!(handle.enter().unwrap_err().state(), PluginState::Failed);
        }
        error
    };
    let circle = together(&[("a", &["there", "b"]), ("b", &["c"]), ("c", &["a"])]).await;
    let path = ["a", "b", "c", "a"].map(str::to_owned).to_vec();
    assert!(
        matches!(&circle, RegisterError::DependencyCycle { path: found, .. } if *found == path)
    );
    assert!(circle.to_string().contains("a -> b -> c -> a"), "{circle}");
    let unknown = together(&[("a", &["b"]), ("b", &["nowhere"])]).await;
    assert!(
        unknown.to_string().contains("`b` depends on `nowhere`"),
        "{unknown}"
    );
    let twice = together(&[("a", &[]), ("a", &[])]).await;
    assert_eq!(twice, RegisterError::DuplicateName("a".to_owned()));
    let taken = together(&[("a", &[]), ("there", &[])]).await;
    assert_eq!(taken, RegisterError::DuplicateName("there".to_owned()));

    let on_itself = manager.register("a", Scripted(Script::new()));
    let error = on_itself.depends_on(["a"]).await.unwrap_err();
    assert!(error.to_string().contains("a -> a"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn plugin_whose_dependency_failed_is_started_all_the_same() {
    let manager = PluginManager::new();
    let (base, top) = (Script::new(), Script::new());
    base.next_starts([Act::Fail("no")]);
    let mut all = manager.register_all();
    let top = manager.register("top", Scripted(top)).depends_on(["base"]);
    let top = all.add(top).unwrap();
    let base = all.add(manager.register("base", Scripted(base))).unwrap();
    all.await.unwrap();
    assert_eq!(base.state(), PluginState::Failed);
    assert_eq!(top.state(), PluginState::Active);
}

#[tokio::test(start_paused = true)]
async fn registration_goes_on_when_whoever_asked_for_it_goes_away() {
    let manager = PluginManager::new();
    let (base, top) = (Script::new(), Script::new());
    base.next_starts([Act::Wait]);
    let mut all = manager.register_all();
    let plugin = manager.register("top", Scripted(top)).depends_on(["base"]);
    let top = all.add(plugin).unwrap();
    all.add(manager.register("base", Scripted(base.clone())))
        .unwrap();
    let registering = tokio::spawn(async { all.await });
    base.waiting().await;
    registering.abort();
    assert!(registering.await.unwrap_err().is_cancelled());
    base.go_on();
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(top.state(), PluginState::Active);
}

#[tokio::test(start_paused = true)]
async fn plugin_registered_while_its_dependency_is_started_waits_for_it() {
    let manager = PluginManager::new();
    let (base, top) = (Script::new(), Script::new());
    base.next_starts([Act::Wait]);
    let (registering, script) = (manager.clone(), base.clone());
    let plugin = async move { registering.register("base", Scripted(script)).await };
    tokio::spawn(plugin);
    base.waiting().await;
    let plugin = manager.register("top", Scripted(top.clone()));
    let registering = tokio::spawn(plugin.depends_on(["base"]).into_future());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(top.hooks().0, 0, "what it depends on is not started yet");
    base.go_on();
    let top = registering.await.unwrap().unwrap();
    assert_eq!(top.state(), PluginState::Active);
}

#[tokio::test(start_paused = true)]
async fn nothing_depends_on_a_plugin_that_is_being_unloaded() {
    let manager = PluginManager::new();
    let base = register(&manager, "base", &[]).await;
    base.next_stops([Act::Wait]);
    let unload = manager.unload("base").start().unwrap();
    base.waiting().await;
    let plugin = manager.register("top", Scripted(Script::new()));
    let error = plugin.depends_on(["base"]).await.unwrap_err();
    let told = "`top` depends on `base`, which is not registered";
    assert!(error.to_string().contains(told), "{error}");
    base.go_on();
    unload.await.unwrap();

    let base = register(&manager, "base", &[]).await;
    base.next_starts([Act::Wait]);
    let reload = manager.reload("base").start().unwrap();
    base.waiting().await;
    let wait = Duration::from_secs(60);
    let unload = manager.unload("base").wait(wait).start().unwrap();
    register(&manager, "top", &["base"]).await;
    base.go_on();
    reload.await.unwrap();
    let error = unload.await.unwrap_err();
    assert!(error.to_string().contains("required by `top`"), "{error}");
    register(&manager, "another", &["base"]).await;
}

#[tokio::test(start_paused = true)]
async fn reload_cascades_to_all_dependents_in_order_when_asked_to() {
    let manager = PluginManager::new();
    for (name, on) in [
        ("z", [].as_slice()),
        ("m", &["z"]),
        ("a", &["m", "z"]),
        ("other", &[]),
    ] {
        register(&manager, name, on).await;
    }
    assert_eq!(manager.reload("z").await.unwrap().generation, 2);
    let generation = |name| manager.info(name).unwrap().generation;
    assert_eq!(generation("m"), 1, "not asked to");

    let report = manager.reload("z").actor("ops").cascade().await.unwrap();
    assert_eq!(report.outcome, GroupOutcome::Applied);
    assert_eq!(report.plugins().collect::<Vec<_>>(), ["z", "m", "a"]);
    assert!(report.results.iter().all(PluginResult::is_applied));
    assert_eq!(["z", "m", "a", "other"].map(generation), [3, 2, 2, 1]);
    let error = manager.reload("nowhere").cascade().await.unwrap_err();
    assert!(error.is_not_found());
}

#[tokio::test(start_paused = true)]
async fn cascade_ends_with_the_first_failure_and_says_what_was_not_touched() {
    let manager = PluginManager::new();
    let base = register(&manager, "base", &[]).await;
    let middle = register(&manager, "middle", &["base"]).await;
    let top = register(&manager, "top", &["middle"]).await;
    middle.next_starts([Act::Fail("no")]);
    let report = manager.reload("base").cascade().await.unwrap();
    assert_eq!(report.outcome, GroupOutcome::Partial);
    let [applied, failed, skipped] = report.results.as_slice() else {
        panic!("{report:?}");
    };
    assert!(applied.is_applied() && failed.is_failure());
    assert!(
        matches!(skipped, PluginResult::Skipped { plugin, reason, .. }
        if plugin == "top" && reason == "not touched, as `middle` failed")
    );
    assert_eq!(top.hooks(), (1, 0));

    base.is(Health::unhealthy("disk"));
    let report = manager.reload("base").cascade().await.unwrap();
    assert_eq!(report.outcome, GroupOutcome::Failed);
    assert_eq!(
        report.plugins().collect::<Vec<_>>(),
        ["base", "middle", "top"]
    );
}

#[tokio::test(start_paused = true)]
async fn cascade_goes_on_when_whoever_asked_for_it_goes_away() {
    let manager = PluginManager::new();
    let base = register(&manager, "base", &[]).await;
    register(&manager, "top", &["base"]).await;
    base.next_starts([Act::Wait]);
    let cascading = tokio::spawn({
        let manager = manager.clone();
        async move { manager.reload("base").cascade().await }
    });
    base.waiting().await;
    assert!(
        reload_in_background(&manager, "base")
            .await
            .unwrap()
            .is_err()
    );
    cascading.abort();
    base.go_on();
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(manager.info("top").unwrap().generation, 2);
}
