use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use tokio::time::timeout;
use tower_plugin::{
    EventKind, OperationError, OperationInfo, OperationPhase, Outcome, PluginManager, PluginState,
    ReloadReport, ReloadStrategy,
};

use super::guest::Guest;
use super::life::Life;
use super::step::Command;
use super::world::Asked;

/// At any time, the plugin's state says what becomes of a request, and who is inside is counted.
pub fn any_time(manager: &PluginManager, life: &mut Life) {
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
    assert!(
        info.operation.is_some() || !state.is_transition() || state == PluginState::Unloading,
        "it rests in {state}"
    );
}

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
    if history.is_empty() {
        // What was registered is not a change, and is left out if it cannot be written.
        assert_eq!(version, 1);
    } else {
        let newest = &history[0];
        assert_eq!(newest.version, view.version, "{history:?}");
        assert!(newest.is_current);
        let newest = manager.config_at(name, version).await.unwrap();
        assert_eq!(&newest.config, config);
    }
    match info.status {
        PluginState::Active => {
            let lease = life.handle.enter().unwrap();
            let value = config["value"].as_u64().unwrap_or_default();
            assert_eq!(u64::from(lease.instance().value), value);
            let held = 1 + life.leftovers(Some(info.generation));
            assert_eq!(life.script.instances_alive.load(SeqCst), held);
        }
        PluginState::Failed | PluginState::Disabled => {
            assert_eq!(
                life.script.instances_alive.load(SeqCst),
                life.leftovers(None)
            );
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

/// The plugin before an operation that nothing else happens during.
pub struct Before {
    state: PluginState,
    is_busy: bool,
    /// Inside the generation that serves: whether each of them listens.
    inside: Vec<bool>,
    /// Whether what is applied can be stored.
    commits: bool,
}

impl Before {
    pub fn new(manager: &PluginManager, life: &Life, commits: bool) -> Self {
        let serving = life.handle.generation();
        let inside = life.inside().filter(|guest| guest.generation == serving);
        let info = manager.info(life.handle.name()).unwrap();
        Self {
            state: info.status,
            is_busy: info.operation.is_some(),
            inside: inside.map(Guest::listens).collect(),
            commits,
        }
    }
}

/// An operation by itself ends where it says, and waited for those who were inside.
pub fn transition(
    life: &Life,
    command: &Command,
    before: &Before,
    answer: &Result<ReloadReport, OperationError>,
) {
    if before.is_busy {
        return;
    }
    let report = answer.as_ref().map_or_else(OperationError::report, Some);
    let outcome = report.map_or(Outcome::Rejected, |report| report.outcome);
    let state = match (outcome, command) {
        (Outcome::Unchanged | Outcome::Rejected, _) => before.state,
        (Outcome::RolledBack, _) if before.state == PluginState::Disabled => before.state,
        (Outcome::RolledBack, _) => PluginState::Active,
        (Outcome::Failed, _) => PluginState::Failed,
        (_, Command::Unload) => PluginState::Unloading,
        (_, Command::Disable) => PluginState::Disabled,
        _ if command.changes_config() && before.state == PluginState::Disabled => before.state,
        _ => PluginState::Active,
    };
    assert_eq!(life.handle.state(), state, "{command:?} {outcome}");
    let Some(report) = report else { return };
    assert_eq!(report.state, state);
    assert_eq!(report.generation, life.handle.generation());

    let was_active = before.state == PluginState::Active;
    let replaces = life.manner.strategy() == ReloadStrategy::Replace;
    if outcome == Outcome::RolledBack && before.commits {
        assert!(was_active, "there was nothing to go back to");
    }
    if outcome == Outcome::Failed && before.commits {
        assert!(!was_active || !replaces, "what served was lost");
    }
    let drain = &report.drain;
    let listening = before.inside.iter().filter(|listens| **listens).count();
    let drained = match outcome {
        Outcome::Unchanged | Outcome::Rejected => false,
        Outcome::RolledBack if before.commits => !replaces,
        // The new one may have failed to start, or to be stored.
        Outcome::RolledBack if replaces => return,
        _ => was_active,
    };
    let found = (drain.completed, drain.cancelled, drain.remaining);
    if drained {
        assert_eq!(found, (0, listening, before.inside.len() - listening));
    } else {
        assert_eq!(found, (0, 0, 0));
    }
}

/// Whoever asked has one answer, the one that is remembered, in time.
pub fn answer(
    asked: &Asked,
    told: Option<&Result<ReloadReport, OperationError>>,
    info: Option<&OperationInfo>,
) {
    let Some(info) = info else {
        // Refused before it was anything, or taken back.
        assert!(told.is_none_or(|told| told.as_ref().is_err_and(|error| error.report().is_none())));
        return;
    };
    assert_eq!(info.phase, OperationPhase::Done, "{:?}", asked.command);
    assert!(
        info.elapsed <= asked.wait + asked.command.limit(),
        "{:?}",
        info.elapsed
    );
    let known = info.result.as_ref().unwrap();
    let text = known
        .as_ref()
        .map_or_else(ToString::to_string, |it| it.message.clone());
    assert!(!text.contains("task panicked"), "{text}");
    if let Some(told) = told {
        assert_eq!(format!("{told:?}"), format!("{known:?}"));
    }
}

/// Those who were inside at the close are accounted for: every drain that began has ended, and
/// its numbers add up.
pub async fn drains(manager: &PluginManager) {
    let mut events = manager.subscribe_after(0);
    let mut inside = None;
    while let Ok(Some(event)) = timeout(Duration::ZERO, events.recv()).await {
        let numbers = || {
            let words = event.message.split(' ');
            words.filter_map(|word| word.parse::<usize>().ok())
        };
        match event.kind {
            EventKind::DrainStarted => {
                assert_eq!(inside, None, "two drains at once");
                inside = numbers().next_back();
            }
            EventKind::DrainFinished | EventKind::DrainTimedOut => {
                assert_eq!(inside.take(), Some(numbers().sum()), "{}", event.message);
            }
            EventKind::StreamReset => panic!("more events than are kept"),
            _ => {}
        }
    }
    assert_eq!(inside, None, "a drain has not ended");
}
