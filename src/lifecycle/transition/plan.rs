use tower_plugin_gate::PluginState;

use super::{Stage, Trigger};
use crate::Operation;

/// What a command comes down to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lifecycle) enum Step {
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
    /// The plugin is on its way elsewhere, or there is nothing to decide.
    Refuse,
    /// End what is under way, or a stage of it.
    Decide(Decide),
}

/// How an operation under way is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lifecycle) enum Decide {
    /// The canary goes on with all requests.
    GoOn,
    /// The new generation keeps, or is given, all requests.
    Promote,
    /// The one before serves again.
    GoBack,
    /// The instance that is being started is given up.
    Abandon,
}

/// What `trigger` means to a plugin in `stage`.
pub(super) fn plan(stage: Stage, trigger: Trigger) -> Step {
    match (stage, trigger) {
        (Stage::State(state), Trigger::Operation(operation)) => at_rest(state, operation),
        (Stage::Canary | Stage::Probation, Trigger::Operation(operation)) => on_trial(operation),
        (Stage::Attempt, Trigger::Operation(operation)) => during_attempt(operation),
        (Stage::Canary, Trigger::Pass) => Step::Decide(Decide::GoOn),
        (Stage::Probation, Trigger::Pass)
        | (Stage::Canary | Stage::Probation, Trigger::Promote) => Step::Decide(Decide::Promote),
        (Stage::Canary | Stage::Probation, Trigger::Abort | Trigger::Fail) => {
            Step::Decide(Decide::GoBack)
        }
        (
            Stage::State(_) | Stage::Attempt,
            Trigger::Promote | Trigger::Abort | Trigger::Pass | Trigger::Fail,
        ) => Step::Refuse,
    }
}

/// What leaves nothing to try out does not wait for a trial's end.
fn on_trial(operation: Operation) -> Step {
    use Operation as O;

    match operation {
        O::Disable | O::Unload | O::Shutdown => Step::Decide(Decide::GoBack),
        O::Register
        | O::Reload
        | O::UpdateConfig
        | O::Rollback
        | O::Retry
        | O::Refresh
        | O::Enable => Step::Refuse,
    }
}

/// Nobody has asked for the attempt, so that whatever somebody asks for comes before it.
fn during_attempt(operation: Operation) -> Step {
    use Operation as O;

    match operation {
        O::Reload
        | O::UpdateConfig
        | O::Rollback
        | O::Refresh
        | O::Enable
        | O::Disable
        | O::Unload
        | O::Shutdown => Step::Decide(Decide::Abandon),
        O::Register | O::Retry => Step::Refuse,
    }
}

fn at_rest(state: PluginState, operation: Operation) -> Step {
    use Operation as O;
    use PluginState as S;

    match (operation, state) {
        (O::Unload | O::Shutdown, _) => Step::Stop(S::Unloading),
        (O::Disable, S::Active | S::Failed | S::Loading) => Step::Stop(S::Disabled),
        (O::Register | O::Enable | O::Retry, S::Active) | (O::Disable | O::Retry, S::Disabled) => {
            Step::Nothing
        }
        (O::Reload | O::UpdateConfig | O::Rollback | O::Refresh, S::Active) => Step::Exchange,
        (O::Reload | O::UpdateConfig | O::Rollback | O::Refresh, S::Disabled) => Step::Keep,
        (O::Register | O::Enable, S::Disabled) => Step::Start,
        (
            O::Register
            | O::Enable
            | O::Retry
            | O::Reload
            | O::UpdateConfig
            | O::Rollback
            | O::Refresh,
            S::Failed | S::Loading,
        ) => Step::Start,
        // States a resting plugin is never in. Each operation is named, so that none is forgotten.
        (
            O::Register
            | O::Enable
            | O::Retry
            | O::Reload
            | O::UpdateConfig
            | O::Rollback
            | O::Refresh
            | O::Disable,
            _,
        ) => Step::Refuse,
    }
}
