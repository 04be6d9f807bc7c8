use std::sync::atomic::Ordering::SeqCst;

use tower_plugin::{PluginManager, PluginState, ReloadStrategy};

use crate::lifecycle::property::life::Life;

/// At any time, the plugin's state says what becomes of a request, and who is inside is counted.
pub fn any_time(manager: &PluginManager, life: &mut Life, is_launching: bool) {
    let state = life.handle.state();
    match life.handle.enter() {
        Ok(lease) => match state {
            PluginState::Active if life.tries => {}
            PluginState::Active => {
                assert_eq!(lease.instance().generation, life.handle.generation());
            }
            PluginState::Reloading => assert_eq!(life.manner.strategy(), ReloadStrategy::Replace),
            other => panic!("{other}, and it lets requests in"),
        },
        Err(rejected) => {
            assert_eq!(rejected.state(), state);
            assert_ne!(state, PluginState::Active);
        }
    }
    assert_eq!(life.handle.in_flight(), life.inside().count());
    // A trial goes back to the one before.
    assert!(life.tries || life.generation <= life.handle.generation());
    life.generation = life.handle.generation();

    let Ok(info) = manager.info(life.handle.name()) else {
        assert_eq!(state, PluginState::Unloading, "it is forgotten");
        return;
    };
    assert_eq!(info.status, state);
    let waits_to_begin = is_launching && state == PluginState::Loading;
    assert!(
        info.operation.is_some()
            || !state.is_transition()
            || state == PluginState::Unloading
            || waits_to_begin,
        "it rests in {state}"
    );
}

/// There are two generations at most besides those that somebody holds on to, and few of these.
pub fn bound(manager: &PluginManager, life: &Life, max_leftovers: usize) {
    let Ok(info) = manager.info(life.handle.name()) else {
        return;
    };
    let (alive, left) = (
        life.script.instances_alive.load(SeqCst),
        info.leftovers.len(),
    );
    assert!(alive <= 2 + left, "{alive} instances, {left} leftovers");
    // One reload more may leave two, its own generation if it cannot be stored, and then disabling
    // the plugin one more.
    assert!(left <= max_leftovers + 2, "{left} leftovers");
}
