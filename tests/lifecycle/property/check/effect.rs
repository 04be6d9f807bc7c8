use tower_plugin::{
    OperationError, OperationErrorKind, Outcome, PluginManager, PluginState, ReloadReport,
    ReloadStrategy,
};

use crate::lifecycle::property::guest::Guest;
use crate::lifecycle::property::life::Life;
use crate::lifecycle::property::step::{Ask, Command, Version};

/// The plugin before an operation that nothing else happens during.
pub struct Before {
    state: PluginState,
    /// Inside the generation that serves: whether each of them listens.
    inside: Vec<bool>,
    /// Whether what is applied can be stored.
    commits: bool,
    /// Whether there are as many generations left behind as there may be.
    is_crowded: bool,
}

impl Before {
    pub fn new(manager: &PluginManager, life: &Life, commits: bool, most_left: usize) -> Self {
        let serving = life.handle.generation();
        let inside = life.inside().filter(|guest| guest.generation == serving);
        let info = manager.info(life.handle.name()).unwrap();
        Self {
            state: info.status,
            inside: inside.map(Guest::listens).collect(),
            commits,
            is_crowded: info.leftovers.len() >= most_left,
        }
    }
}

/// An operation by itself ends where it says, and waited for those who were inside.
pub fn transition(
    life: &Life,
    ask: &Ask,
    before: &Before,
    answer: &Result<ReloadReport, OperationError>,
) {
    meant_version(ask, answer);
    let command = &ask.command;
    let report = answer.as_ref().map_or_else(OperationError::report, Some);
    let outcome = report.map_or(Outcome::Rejected, |report| report.outcome);
    let state = match (outcome, command) {
        (Outcome::Unchanged | Outcome::Rejected, _) => before.state,
        (Outcome::RolledBack, _) if before.state == PluginState::Disabled => before.state,
        (Outcome::RolledBack, _) => PluginState::Active,
        (Outcome::Failed, _) => PluginState::Failed,
        (_, Command::Unload) => PluginState::Unloading,
        (_, Command::Disable) => PluginState::Disabled,
        // A reload has an edit kept, too.
        (_, Command::Enable) => PluginState::Active,
        _ if before.state == PluginState::Disabled => before.state,
        _ => PluginState::Active,
    };
    assert_eq!(life.handle.state(), state, "{command:?} {outcome}");
    if ask.is_dry() {
        let touches_nothing = matches!(outcome, Outcome::Unchanged | Outcome::Rejected);
        assert!(touches_nothing, "a dry run {outcome}");
    }
    let overwrites = command.changes_config() && outcome == Outcome::Applied;
    assert!(!(overwrites && life.is_unseen), "an edit was overwritten");
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
    let is_exchange = was_active && !matches!(command, Command::Disable | Command::Unload);
    if is_exchange && before.is_crowded {
        assert_eq!(outcome, Outcome::Unchanged, "too many are left behind");
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

/// What is meant for another version is refused, and what is meant for this one is not.
fn meant_version(ask: &Ask, answer: &Result<ReloadReport, OperationError>) {
    let error = answer.as_ref().err();
    let is_refused = error.is_some_and(OperationError::is_version_mismatch);
    match ask.only_if {
        None | Some(Version::Current) => assert!(!is_refused, "it is that version"),
        Some(Version::Outdated) => {
            let is_needed = error.is_some_and(|error| {
                error.is_not_found() || matches!(error.kind(), OperationErrorKind::RequiredBy(_))
            });
            assert!(is_refused || is_needed, "it is another version: {answer:?}");
        }
    }
}
