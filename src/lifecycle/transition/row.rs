use tower_plugin_gate::PluginState;

use super::effect::{RECREATE, REPLACE, START};
use super::plan::plan;
use super::{Decide, Effect, Stage, Step, Trigger};
use crate::{Operation, ReloadStrategy};

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
    /// The stage of a trial that goes on.
    pub stage: Option<Stage>,
    /// Whether this makes way only: what was asked is done from there, as in the state that it is
    /// left in.
    pub again: bool,
    pub(in crate::lifecycle) step: Step,
    pub(in crate::lifecycle) strategy: ReloadStrategy,
}

/// What becomes of a plugin in a stage of its life by an operation, or by what decides a trial: a
/// pure function, total over all stages, triggers and strategies. This is what the plugin's task
/// goes by; the [page](crate::transition) has it as a diagram.
///
/// ```
/// use tower_plugin::transition::{Effect, Stage, Trigger, transition};
/// use tower_plugin::{Operation, PluginState, ReloadStrategy};
///
/// let disable = transition(PluginState::Active, Operation::Disable, ReloadStrategy::Replace);
/// assert_eq!(disable.meanwhile, PluginState::Unloading);
/// assert_eq!(disable.effects, [Effect::Close, Effect::Drain, Effect::Stop]);
/// assert_eq!(disable.then, PluginState::Disabled);
///
/// let abort = transition(Stage::Canary, Trigger::Abort, ReloadStrategy::Replace);
/// assert_eq!(abort.effects, [Effect::Close, Effect::Drain, Effect::Stop]);
/// assert_eq!((abort.meanwhile, abort.then), (PluginState::Active, PluginState::Active));
/// ```
#[must_use]
pub fn transition(
    stage: impl Into<Stage>,
    trigger: impl Into<Trigger>,
    strategy: ReloadStrategy,
) -> Transition {
    let (stage, trigger) = (stage.into(), trigger.into());
    let still = Transition::none(plan(stage, trigger), stage, strategy);
    match trigger {
        Trigger::Operation(operation) => still.by(operation, stage),
        _ => still.decided(stage),
    }
}

impl Transition {
    /// Nothing is done.
    fn none(step: Step, stage: Stage, strategy: ReloadStrategy) -> Self {
        let state = stage.state();
        Self {
            meanwhile: state,
            effects: &[],
            way_back: &[],
            then: state,
            otherwise: state,
            stage: None,
            again: false,
            step,
            strategy,
        }
    }

    /// By an operation.
    fn by(self, operation: Operation, stage: Stage) -> Self {
        use Effect as E;
        use PluginState as S;

        match self.step {
            Step::Nothing | Step::Refuse => self,
            Step::Decide(_) => Self {
                again: true,
                ..self.decided(stage)
            },
            Step::Keep => Self {
                effects: &[E::Adopt],
                ..self
            },
            Step::Start => Self {
                meanwhile: starting(operation),
                effects: START,
                then: S::Active,
                otherwise: S::Failed,
                ..self
            },
            Step::Exchange if self.strategy == ReloadStrategy::Recreate => Self {
                meanwhile: S::Reloading,
                effects: RECREATE,
                way_back: START,
                then: S::Active,
                otherwise: S::Failed,
                ..self
            },
            Step::Exchange => Self {
                meanwhile: S::Reloading,
                effects: REPLACE,
                then: S::Active,
                // What cannot be stored is taken back when it serves already, and that may fail.
                otherwise: if operation.stores_config() {
                    S::Failed
                } else {
                    S::Active
                },
                ..self
            },
            Step::Stop(rest) => Self {
                meanwhile: S::Unloading,
                effects: match (stage.state(), operation) {
                    (S::Active, Operation::Unload) => &[E::Close, E::Drain, E::Stop, E::Forget],
                    (S::Active, _) => &[E::Close, E::Drain, E::Stop],
                    (_, Operation::Unload) => &[E::Forget],
                    _ => &[],
                },
                then: rest,
                otherwise: rest,
                ..self
            },
        }
    }

    /// By what ends an operation under way, or a stage of it.
    fn decided(self, stage: Stage) -> Self {
        use Effect::{Adopt, Close, Drain, Open, Stop};

        let Step::Decide(decide) = self.step else {
            return self;
        };
        let is_canary = stage == Stage::Canary;
        match decide {
            Decide::GoOn => Self {
                effects: &[Open],
                stage: Some(Stage::Probation),
                ..self
            },
            Decide::Promote => Self {
                effects: match is_canary {
                    true => &[Open, Close, Adopt, Drain, Stop],
                    false => &[Close, Adopt, Drain, Stop],
                },
                // As where there is no trial: a config that cannot be stored is taken back.
                otherwise: PluginState::Failed,
                ..self
            },
            Decide::GoBack => Self {
                effects: match is_canary {
                    true => &[Close, Drain, Stop],
                    false => &[Open, Close, Drain, Stop],
                },
                ..self
            },
            // As by any start that fails.
            Decide::Abandon => Self {
                then: PluginState::Failed,
                otherwise: PluginState::Failed,
                ..self
            },
        }
    }

    /// The same where the config that is asked for is in force already.
    pub(in crate::lifecycle) fn with_same_config(self, state: PluginState) -> Self {
        match self.step {
            Step::Keep | Step::Start | Step::Exchange => {
                Self::none(Step::Nothing, state.into(), self.strategy)
            }
            Step::Stop(_) | Step::Nothing | Step::Refuse | Step::Decide(_) => self,
        }
    }

    /// Whether what is asked is refused as the plugin is, and nothing comes of it.
    pub(crate) fn is_refused(&self) -> bool {
        self.step == Step::Refuse
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
