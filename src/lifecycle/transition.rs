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
    /// It is given a share of the requests.
    Share,
    /// It is given the requests.
    Open,
    /// The gate of the generation before is closed: nobody comes in any more.
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
    /// The state in which the plugin is seen meanwhile: until it is open again, or the work is
    /// done. With the strategy [`Replace`](ReloadStrategy::Replace), the generation before serves
    /// in it.
    pub meanwhile: PluginState,
    /// What is done, as far as nothing fails.
    pub effects: &'static [Effect],
    /// What is done instead of the rest when the new instance has failed, after it was stopped.
    pub way_back: &'static [Effect],
    /// The state in which the plugin is left if nothing fails, or what was before serves again.
    pub then: PluginState,
    /// The state in which it is left if something does, and what was before cannot serve on.
    pub otherwise: PluginState,
    pub(super) step: Step,
    pub(super) strategy: ReloadStrategy,
}

/// `operation` on a plugin that is at rest in `state`: a pure function, total over all states,
/// operations and strategies. This is what the plugin's task goes by; the
/// [page](crate::transition) has it as a diagram.
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

    let still = Transition::none(plan(state, operation), state, strategy);
    match still.step {
        Step::Nothing | Step::Refuse => still,
        Step::Keep => Transition {
            effects: &[E::Adopt],
            ..still
        },
        Step::Start => Transition {
            meanwhile: starting(operation),
            effects: START,
            then: S::Active,
            otherwise: S::Failed,
            ..still
        },
        Step::Exchange if strategy == ReloadStrategy::Recreate => Transition {
            meanwhile: S::Reloading,
            effects: RECREATE,
            way_back: START,
            then: S::Active,
            otherwise: S::Failed,
            ..still
        },
        Step::Exchange => Transition {
            meanwhile: S::Reloading,
            effects: REPLACE,
            then: S::Active,
            // What cannot be stored is taken back when it serves already, and that may fail.
            otherwise: if operation.stores_config() {
                S::Failed
            } else {
                S::Active
            },
            ..still
        },
        Step::Stop(rest) => Transition {
            meanwhile: S::Unloading,
            effects: match (state, operation) {
                (S::Active, Operation::Unload) => &[E::Close, E::Drain, E::Stop, E::Forget],
                (S::Active, _) => &[E::Close, E::Drain, E::Stop],
                (_, Operation::Unload) => &[E::Forget],
                _ => &[],
            },
            then: rest,
            otherwise: rest,
            ..still
        },
    }
}

const START: &[Effect] = {
    use Effect::{Adopt, Check, Open, Start};
    &[Start, Check, Adopt, Open]
};

pub(super) const RECREATE: &[Effect] = {
    use Effect::{Adopt, Check, Close, Drain, Open, Start, Stop};
    &[Close, Drain, Stop, Start, Check, Adopt, Open]
};

pub(super) const REPLACE: &[Effect] = {
    use Effect::{Adopt, Check, Close, Drain, Open, Start, Stop};
    &[Start, Check, Adopt, Open, Close, Drain, Stop]
};

impl Transition {
    /// Nothing is done.
    fn none(step: Step, state: PluginState, strategy: ReloadStrategy) -> Self {
        Self {
            meanwhile: state,
            effects: &[],
            way_back: &[],
            then: state,
            otherwise: state,
            step,
            strategy,
        }
    }

    /// The same where the config that is asked for is in force already.
    pub(super) fn with_same_config(self, state: PluginState) -> Self {
        match self.step {
            Step::Keep | Step::Start | Step::Exchange => {
                Self::none(Step::Nothing, state, self.strategy)
            }
            Step::Stop(_) | Step::Nothing | Step::Refuse => self,
        }
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

/// What `operation` means to a plugin in `state`.
fn plan(state: PluginState, operation: Operation) -> Step {
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

/// Whether an operation ends a trial, by going back, rather than being refused for it.
pub(crate) fn ends_trials(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Disable | Operation::Unload | Operation::Shutdown
    )
}

#[cfg(test)]
mod tests;
