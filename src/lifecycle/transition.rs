use tower_plugin_gate::PluginState;

use super::ReloadStrategy;
use crate::Operation;

/// What is done to get a plugin from one state to another, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Effect {
    /// An instance is built, by the plugin's `start`.
    Start,
    /// It is asked how it is, by the plugin's `check`.
    Check,
    /// It is given the requests.
    Open,
    /// The gate of the generation that serves is closed: nobody comes in any more.
    Close,
    /// Those inside are waited for, and cancelled when the time is up.
    Drain,
    /// The instance is let go of, by the plugin's `stop`.
    Stop,
    /// A config is put in force.
    Adopt,
    /// The plugin is forgotten.
    Forget,
}

/// What an operation comes to: one row of the [table](crate::transition).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transition {
    /// The state in which the plugin is seen meanwhile. With the strategy
    /// [`Replace`](ReloadStrategy::Replace), the generation before serves in it.
    pub meanwhile: PluginState,
    /// What is done, as far as nothing fails.
    pub effects: &'static [Effect],
    /// The state in which the plugin is left if nothing fails.
    pub then: PluginState,
    /// The state in which it is left if something does, and what was before cannot serve on.
    pub otherwise: PluginState,
}

/// What `operation` does to a plugin that is at rest in `state`: a pure function, total over all
/// states and operations. This is what the plugin's task goes by; the [page](crate::transition)
/// has it as a diagram.
///
/// ```
/// use tower_plugin::transition::{Effect, transition};
/// use tower_plugin::{Operation, PluginState, ReloadStrategy};
///
/// let disable = transition(PluginState::Active, Operation::Disable, ReloadStrategy::Replace);
/// assert_eq!(disable.meanwhile, PluginState::Unloading);
/// assert_eq!(disable.effects, [Effect::Close, Effect::Drain, Effect::Stop]);
/// assert_eq!(disable.then, PluginState::Disabled);
/// ```
#[must_use]
pub fn transition(
    state: PluginState,
    operation: Operation,
    strategy: ReloadStrategy,
) -> Transition {
    use Effect as E;
    use PluginState as S;

    let (meanwhile, effects, then, otherwise): (_, &[Effect], _, _) = match plan(state, operation) {
        Step::Start => {
            let effects = &[E::Start, E::Check, E::Adopt, E::Open];
            (starting(operation), effects, S::Active, S::Failed)
        }
        Step::Exchange => {
            let effects: &[Effect] = match strategy {
                ReloadStrategy::Recreate => &[
                    E::Close,
                    E::Drain,
                    E::Stop,
                    E::Start,
                    E::Check,
                    E::Adopt,
                    E::Open,
                ],
                ReloadStrategy::Replace => &[
                    E::Start,
                    E::Check,
                    E::Adopt,
                    E::Open,
                    E::Close,
                    E::Drain,
                    E::Stop,
                ],
            };
            (S::Reloading, effects, S::Active, S::Failed)
        }
        Step::Keep => (state, &[E::Adopt], state, state),
        Step::Stop(S::Unloading) => {
            let effects = &[E::Close, E::Drain, E::Stop, E::Forget];
            (S::Unloading, effects, S::Unloading, S::Unloading)
        }
        Step::Stop(rest) => (S::Unloading, &[E::Close, E::Drain, E::Stop], rest, rest),
        Step::Nothing | Step::Refuse => (state, &[], state, state),
    };
    Transition {
        meanwhile,
        effects,
        then,
        otherwise,
    }
}

/// The state of a plugin that is being started.
fn starting(operation: Operation) -> PluginState {
    match operation {
        Operation::Reload | Operation::UpdateConfig | Operation::Rollback | Operation::Refresh => {
            PluginState::Reloading
        }
        _ => PluginState::Loading,
    }
}

/// What a command comes down to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Start an instance where there is none.
    Start,
    /// Exchange the generation that serves for a new one.
    Exchange,
    /// Keep the config for the next start, if it is another.
    Keep,
    /// Drain and stop what serves, if anything does, and rest in this state.
    Stop(PluginState),
    /// Things are as they are asked to be already.
    Nothing,
    /// The plugin is on its way elsewhere.
    Refuse,
}

/// What `operation` means to a plugin in `state`. Total: every pair has an answer.
///
/// | | active | failed, loading | disabled | reloading, unloading |
/// | --- | --- | --- | --- | --- |
/// | register, enable | nothing | start | start | refuse |
/// | retry | nothing | start | nothing | refuse |
/// | reload, update config, rollback, refresh | exchange | start | keep | refuse |
/// | disable | stop | stop | nothing | refuse |
/// | unload, shutdown | stop | stop | stop | stop |
pub(super) fn plan(state: PluginState, operation: Operation) -> Step {
    use Operation as O;
    use PluginState as S;

    match (operation, state) {
        (O::Unload | O::Shutdown, _) => Step::Stop(S::Unloading),
        (O::Disable, S::Active | S::Failed | S::Loading) => Step::Stop(S::Disabled),
        (O::Register | O::Enable, S::Active) | (O::Disable, S::Disabled) => Step::Nothing,
        (O::Reload | O::UpdateConfig | O::Rollback | O::Refresh, S::Active) => Step::Exchange,
        (O::Reload | O::UpdateConfig | O::Rollback | O::Refresh, S::Disabled) => Step::Keep,
        (O::Register | O::Enable, S::Disabled) => Step::Start,
        (
            O::Register | O::Enable | O::Reload | O::UpdateConfig | O::Rollback | O::Refresh,
            S::Failed | S::Loading,
        ) => Step::Start,
        (O::Retry, S::Failed | S::Loading) => Step::Start,
        (O::Retry, S::Active | S::Disabled) => Step::Nothing,
        // States a resting plugin is never in.
        _ => Step::Refuse,
    }
}

/// Whether an operation ends a trial, by going back, rather than being refused for it.
pub(crate) fn ends_trials(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Disable | Operation::Unload | Operation::Shutdown
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_end(operation: Operation) -> bool {
        matches!(operation, Operation::Unload | Operation::Shutdown)
    }

    const OPERATIONS: [Operation; 10] = [
        Operation::Register,
        Operation::Reload,
        Operation::UpdateConfig,
        Operation::Rollback,
        Operation::Retry,
        Operation::Refresh,
        Operation::Enable,
        Operation::Disable,
        Operation::Unload,
        Operation::Shutdown,
    ];

    #[test]
    fn only_what_serves_is_exchanged_and_only_what_does_not_is_started() {
        for state in PluginState::ALL {
            for operation in OPERATIONS {
                match plan(state, operation) {
                    Step::Exchange => assert_eq!(state, PluginState::Active),
                    Step::Start => assert_ne!(state, PluginState::Active),
                    Step::Keep => assert_eq!(state, PluginState::Disabled),
                    Step::Stop(rest) => assert!(
                        matches!(rest, PluginState::Disabled | PluginState::Unloading),
                        "{state} {operation}"
                    ),
                    Step::Nothing => assert!(!state.is_transition(), "{state} {operation}"),
                    Step::Refuse => assert!(state.is_transition(), "{state} {operation}"),
                }
            }
        }
    }

    #[test]
    fn every_resting_state_can_be_left_for_good() {
        for state in PluginState::ALL {
            assert_eq!(
                plan(state, Operation::Shutdown),
                Step::Stop(PluginState::Unloading)
            );
        }
    }

    #[test]
    fn every_transition_ends_at_rest_and_stops_only_what_it_closed_and_drained() {
        let strategies = [ReloadStrategy::Recreate, ReloadStrategy::Replace];
        let pairs = PluginState::ALL
            .into_iter()
            .flat_map(|state| OPERATIONS.map(|it| (state, it)));
        for (state, operation) in pairs {
            for strategy in strategies {
                let found = transition(state, operation, strategy);
                let at = |effect| found.effects.iter().position(|found| *found == effect);
                if !found.effects.is_empty() {
                    let gone = is_end(operation);
                    assert!(gone || !found.then.is_transition(), "{state} {operation}");
                    assert!(
                        gone || !found.otherwise.is_transition(),
                        "{state} {operation}"
                    );
                } else {
                    assert_eq!((found.meanwhile, found.then), (state, state));
                }
                assert!(
                    at(Effect::Close) <= at(Effect::Drain),
                    "{state} {operation}"
                );
                assert!(at(Effect::Drain) <= at(Effect::Stop), "{state} {operation}");
                assert!(at(Effect::Start) <= at(Effect::Open), "{state} {operation}");
                let opens = at(Effect::Open).is_some();
                assert_eq!(opens, found.then == PluginState::Active && opens);
            }
        }
    }
}
