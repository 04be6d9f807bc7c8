use std::sync::atomic::Ordering::SeqCst;

use tower_plugin::{ConfigStore, PluginManager, PluginState, VersionInfo};

use crate::lifecycle::property::life::{Life, value};
use crate::scenario::store::Flaky;
use crate::scenario::{Script, Scripted};

/// Once nothing is under way, nothing is half done.
pub async fn at_rest(manager: &PluginManager, life: &Life) {
    let name = life.handle.name();
    let Ok(info) = manager.info(name) else {
        assert_eq!(life.handle.state(), PluginState::Unloading);
        return stopped(life);
    };
    assert_eq!(info.operation, None);
    let (version, config) = life.in_force();
    let view = manager.config(name).unwrap();
    assert_eq!((view.version.number(), &view.config), (version, config));
    assert_eq!(info.config_version, version);

    let history = manager.history(name).await.unwrap().versions;
    if life.must_be_kept() {
        let newest = &history[0];
        assert_eq!(newest.version, view.version, "{history:?}");
        assert!(newest.is_current);
        let newest = manager.config_at(name, version).await.unwrap();
        assert_eq!(&newest.config, config);
    } else {
        let is_later = |it: &VersionInfo| it.version.number() > version;
        assert!(!history.iter().any(is_later), "{history:?}");
    }
    match info.status {
        PluginState::Active => {
            let lease = life.handle.enter().unwrap();
            assert_eq!(u64::from(lease.instance().value), value(config));
            let held = 1 + life.leftovers(Some(info.generation));
            assert_eq!(life.script.instances_alive.load(SeqCst), held);
        }
        PluginState::Failed | PluginState::Disabled => {
            let held = life.leftovers(None);
            assert_eq!(life.script.instances_alive.load(SeqCst), held);
            let is_told = info.status == PluginState::Disabled || info.last_error.is_some();
            assert!(is_told, "it has failed, and nobody knows why");
        }
        other => panic!("it rests in {other}"),
    }
}

/// Every instance was stopped, once, and is gone unless somebody holds it.
pub fn stopped(life: &Life) {
    let script = &life.script;
    assert!(life.handle.enter().is_err());
    assert_eq!(
        script.instances_built.load(SeqCst),
        script.stops.load(SeqCst)
    );
    assert_eq!(script.instances_alive.load(SeqCst), life.leftovers(None));
}

/// Where hooks and store are well again, whoever is asked to serves, whatever was before.
pub async fn brought_back(manager: &PluginManager, life: &Life) {
    let name = life.handle.name();
    let operation = match life.handle.state() {
        PluginState::Disabled => manager.enable(name),
        // Either will do.
        PluginState::Failed if life.generation % 2 == 0 => manager.enable(name),
        _ => manager.reload(name),
    };
    let report = operation.await.unwrap();
    assert_eq!(report.state, PluginState::Active);
    let lease = life.handle.enter().unwrap();
    let config = manager.config(name).unwrap().config;
    assert_eq!(u64::from(lease.instance().value), value(&config));
}

/// The last good config is in the store: a manager that begins with it has it in force.
pub async fn found_by_the_next(next: &PluginManager, store: &Flaky, life: &Life) {
    let name = life.handle.name();
    let stored = store.load(name).await.unwrap();
    let registration = next.register(name, Scripted(Script::new()));
    let handle = registration.config(Life::registered()).await.unwrap();
    let view = next.config(name).unwrap();
    let edit = stored.filter(|stored| stored.version.is_none());
    let (version, config) = life.in_force();
    match edit {
        Some(edit) if life.is_good(&edit.config) => assert_eq!(view.config, edit.config),
        // It starts with the newest that is good, if there is one.
        Some(_) if !life.must_be_kept() => return,
        _ => {
            assert_eq!(&view.config, config, "the last good config of {name}");
            if life.must_be_kept() {
                assert_eq!(view.version.number(), version);
            }
        }
    }
    let lease = handle.enter().unwrap();
    assert_eq!(u64::from(lease.instance().value), value(&view.config));
}
