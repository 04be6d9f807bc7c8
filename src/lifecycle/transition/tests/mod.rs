mod page;

use tower_plugin_gate::PluginState;

use super::*;
use crate::{Operation, ReloadStrategy};

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
const STRATEGIES: [ReloadStrategy; 2] = [ReloadStrategy::Recreate, ReloadStrategy::Replace];
/// The states in which a plugin takes commands; a new one is loading.
const RESTS: [PluginState; 4] = [
    PluginState::Active,
    PluginState::Failed,
    PluginState::Disabled,
    PluginState::Loading,
];

/// From which state, by which command and strategy, to what.
type Case = (PluginState, Operation, ReloadStrategy, Transition);

fn all() -> Vec<Case> {
    let mut all = Vec::new();
    for from in PluginState::ALL {
        for operation in OPERATIONS {
            for strategy in STRATEGIES {
                let transition = transition(from, operation, strategy);
                all.push((from, operation, strategy, transition));
            }
        }
    }
    all
}

/// Who lets requests in, and who has still to be seen out.
#[derive(Debug, Default, PartialEq, Eq)]
struct Gates {
    open: usize,
    /// One is closed, and whether it was drained.
    closed: Option<bool>,
    /// A generation is started, and lets nobody in yet.
    ready: bool,
}

impl Gates {
    fn before(from: PluginState) -> Self {
        Self {
            open: usize::from(from == PluginState::Active),
            ..Self::default()
        }
    }

    fn undergo(&mut self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::Close => {
                    self.open = self.open.checked_sub(1).expect("nothing is open");
                    assert_eq!(self.closed.replace(false), None);
                }
                Effect::Drain => assert_eq!(self.closed.replace(true), Some(false)),
                Effect::Stop => assert_eq!(self.closed.take(), Some(true), "not drained"),
                Effect::Start => assert!(!std::mem::replace(&mut self.ready, true)),
                Effect::Check => assert!(self.ready, "nothing was started"),
                Effect::Open => {
                    assert!(std::mem::take(&mut self.ready), "nothing was started");
                    self.open += 1;
                }
                Effect::Share => panic!("a trial"),
                Effect::Adopt | Effect::Forget => {}
            }
        }
    }

    /// One serves or none does, nobody is behind a closed gate, and nothing was started in vain.
    fn is_settled(&self) -> bool {
        self.open <= 1 && self.closed.is_none() && !self.ready
    }
}

#[test]
fn every_gate_that_is_closed_is_drained_and_its_instance_stopped() {
    for (from, operation, strategy, transition) in all() {
        if !RESTS.contains(&from) {
            continue;
        }
        println!("{operation} of {from}, {strategy:?}");
        let mut gates = Gates::before(from);
        gates.undergo(transition.effects);
        assert!(gates.is_settled());
        let serves = transition.then == PluginState::Active;
        assert_eq!(gates.open, usize::from(serves));
        if transition.effects.contains(&Effect::Open) {
            for takes_back in [RECREATE, REPLACE] {
                gates.undergo(takes_back);
                assert!(gates.is_settled() && gates.open == 1);
            }
        }
    }
}

#[test]
fn every_start_that_fails_leaves_what_serves_or_goes_back_or_the_plugin_may_fail() {
    for (from, operation, strategy, transition) in all() {
        let effects = transition.effects;
        let Some(start) = effects.iter().position(|it| *it == Effect::Start) else {
            assert_eq!(transition.way_back, []);
            continue;
        };
        println!("{operation} of {from}, {strategy:?}");
        let mut gates = Gates::before(from);
        gates.undergo(&effects[..start]);
        gates.undergo(transition.way_back);
        assert!(gates.is_settled());
        let may_fail = transition.otherwise == PluginState::Failed;
        assert!(gates.open == 1 || may_fail);
        let goes_back = !transition.way_back.is_empty();
        assert!(!goes_back || may_fail, "so may the way back");
    }
}

#[test]
fn only_what_is_unloaded_ends_on_its_way() {
    for (from, operation, _, transition) in all() {
        if !RESTS.contains(&from) {
            continue;
        }
        let unloads = matches!(operation, Operation::Unload | Operation::Shutdown);
        for state in [transition.then, transition.otherwise] {
            let is_gone = state == PluginState::Unloading;
            assert_eq!(is_gone, unloads, "{operation} of {from}");
            assert!(is_gone || !state.is_transition(), "{operation} of {from}");
        }
    }
}

#[test]
fn state_meanwhile_is_that_of_a_plugin_on_its_way() {
    for (from, operation, _, transition) in all() {
        let meanwhile = transition.meanwhile;
        match transition.step {
            Step::Start | Step::Exchange | Step::Stop(_) => {
                assert!(meanwhile.is_transition(), "{operation} of {from}");
            }
            Step::Keep | Step::Nothing | Step::Refuse | Step::Decide(_) => {
                assert_eq!((meanwhile, transition.then), (from, from), "{operation}");
            }
        }
    }
}

#[test]
fn only_what_serves_is_exchanged_and_only_what_does_not_is_started() {
    for (from, operation, _, transition) in all() {
        match transition.step {
            Step::Exchange => assert_eq!(from, PluginState::Active),
            Step::Start => assert_ne!(from, PluginState::Active),
            Step::Keep => assert_eq!(from, PluginState::Disabled),
            Step::Stop(rest) => assert!(
                matches!(rest, PluginState::Disabled | PluginState::Unloading),
                "{operation} of {from}"
            ),
            Step::Nothing => assert!(!from.is_transition(), "{operation} of {from}"),
            Step::Refuse => assert!(from.is_transition(), "{operation} of {from}"),
            Step::Decide(_) => panic!("{operation} of {from}: nothing is under way"),
        }
    }
}

#[test]
fn every_state_can_be_left_for_good() {
    for (from, operation, _, transition) in all() {
        if operation == Operation::Shutdown {
            assert_eq!(transition.then, PluginState::Unloading, "{from}");
        }
    }
}

/// What may be asked of a plugin, and what may happen to it.
fn triggers() -> Vec<Trigger> {
    let operations = OPERATIONS.into_iter().map(Trigger::from);
    operations.chain(Trigger::DECISIONS).collect()
}

/// Where it may be.
fn stages() -> Vec<Stage> {
    let states = PluginState::ALL.into_iter().map(Stage::from);
    states.chain(Stage::UNDER_WAY).collect()
}

#[test]
fn every_end_of_a_trial_leaves_one_generation_that_serves_and_the_other_stopped() {
    for stage in [Stage::Canary, Stage::Probation] {
        for trigger in triggers() {
            let row = transition(stage, trigger, ReloadStrategy::Replace);
            println!("{trigger} of {stage}");
            assert_eq!(
                (row.meanwhile, row.then),
                (PluginState::Active, PluginState::Active)
            );
            // Both are open: one is on trial, or kept warm.
            let mut gates = Gates {
                open: 2,
                ..Gates::default()
            };
            for effect in row.effects {
                // The other one is given the requests.
                gates.ready |= *effect == Effect::Open;
                gates.open -= usize::from(*effect == Effect::Open);
                gates.undergo(&[*effect]);
            }
            assert!(gates.closed.is_none() && !gates.ready);
            let goes_on = row.is_refused() || row.stage == Some(Stage::Probation);
            assert_eq!(gates.open, if goes_on { 2 } else { 1 });
            let adopts = row.effects.contains(&Effect::Adopt);
            assert_eq!(adopts, row.step == Step::Decide(Decide::Promote));
        }
    }
}

#[test]
fn trials_are_decided_where_there_is_one_and_nowhere_else() {
    for stage in stages() {
        let is_trial = matches!(stage, Stage::Canary | Stage::Probation);
        for trigger in Trigger::DECISIONS {
            let row = transition(stage, trigger, ReloadStrategy::Replace);
            assert_eq!(row.is_refused(), !is_trial, "{trigger} of {stage}");
            assert!(!row.again);
        }
    }
}

#[test]
fn what_something_makes_way_for_is_done_from_there() {
    for stage in Stage::UNDER_WAY {
        for operation in OPERATIONS {
            let row = transition(stage, operation, ReloadStrategy::Replace);
            println!("{operation} of {stage}");
            assert_ne!(row.again, row.is_refused());
            let next = transition(row.then, operation, ReloadStrategy::Replace);
            assert!(!row.again || !next.is_refused());
            let leaves_nothing = transition(stage, operation, ReloadStrategy::Replace)
                .again
                .then_some(next.then);
            if stage != Stage::Attempt {
                assert_ne!(leaves_nothing, Some(PluginState::Active), "it could wait");
            }
        }
    }
}
