use tower_plugin_gate::PluginState;

use crate::Operation;

/// What a command comes down to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Start an instance where there is none.
    Start,
    /// Exchange the generation that serves for a new one.
    Exchange,
    /// Keep the config for the next start.
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
/// | reload | exchange | start | nothing | refuse |
/// | update config, rollback, refresh | exchange | start | keep | refuse |
/// | disable | stop | stop | nothing | refuse |
/// | unload, shutdown | stop | stop | stop | stop |
pub(super) fn plan(state: PluginState, operation: Operation) -> Step {
    use Operation as O;
    use PluginState as S;

    match (operation, state) {
        (O::Unload | O::Shutdown, _) => Step::Stop(S::Unloading),
        (O::Disable, S::Active | S::Failed | S::Loading) => Step::Stop(S::Disabled),
        (O::Register | O::Enable, S::Active) | (O::Reload | O::Disable, S::Disabled) => {
            Step::Nothing
        }
        (O::Reload | O::UpdateConfig | O::Rollback | O::Refresh, S::Active) => Step::Exchange,
        (O::UpdateConfig | O::Rollback | O::Refresh, S::Disabled) => Step::Keep,
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
}
