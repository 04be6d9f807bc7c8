use std::sync::{Mutex, PoisonError};

use super::ReloadStrategy;
use super::task::Lifecycle;
use super::transition::{
    Decide, Effect, RECREATE, REPLACE, Stage, Step, Transition, Trigger, transition,
};
use crate::Plugin;

/// What the operation under way has done so far, to be held against the table in debug builds.
#[derive(Debug, Default)]
pub(super) struct Trace(Mutex<Vec<Effect>>);

impl Trace {
    fn take(&self) -> Vec<Effect> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<P: Plugin> Lifecycle<P> {
    pub(super) fn begin_trace(&self) {
        self.trace.take();
    }

    pub(super) fn did(&self, effect: Effect) {
        if cfg!(debug_assertions) {
            let done = &self.trace.0;
            done.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(effect);
        }
    }

    /// Has a debug build panic where something else was done than the table says.
    pub(super) fn check_rest(&self, transition: &Transition) {
        if cfg!(debug_assertions) {
            let state = self.published.read(|snapshot| snapshot.state);
            let may_rest = state == transition.then || state == transition.otherwise;
            assert!(may_rest, "{transition:?} ended in {state}");
            let done = self.trace.take();
            let may_have_done = transition.may_have_done(&done);
            assert!(may_have_done, "{transition:?} did {done:?}");
        }
    }
}

impl Transition {
    /// Whether just this may have been done, in this order, by the time the plugin rests.
    fn may_have_done(&self, done: &[Effect]) -> bool {
        // Which is last, and only once the answer is known.
        let effects = self.effects;
        let effects = effects.strip_suffix(&[Effect::Forget]).unwrap_or(effects);
        if let Some(more) = done.strip_prefix(effects) {
            return more.is_empty() || self.is_taken_back(more);
        }
        let failed = after_failed_start(done, effects);
        let goes_back = |rest| rest == self.way_back || is_failed_restart(rest, self.way_back);
        failed.is_some_and(goes_back) || self.is_trial(done)
    }

    /// Whether this is what takes back a change that cannot be stored.
    fn is_taken_back(&self, done: &[Effect]) -> bool {
        if self.step == Step::Keep {
            return false;
        }
        let recreates = |done| done == RECREATE || is_failed_restart(done, RECREATE);
        let beside = self.strategy == ReloadStrategy::Replace;
        let replaces =
            |done| done == REPLACE || after_failed_start(done, REPLACE).is_some_and(recreates);
        recreates(done) || (beside && replaces(done))
    }

    fn is_trial(&self, done: &[Effect]) -> bool {
        let may_be = self.step == Step::Exchange && self.strategy == ReloadStrategy::Replace;
        let tried = done.strip_prefix(&[Effect::Start, Effect::Check]);
        match tried.filter(|_| may_be) {
            Some([Effect::Share, done @ ..]) => self.is_decided(Stage::Canary, done),
            Some([Effect::Open, done @ ..]) => self.is_decided(Stage::Probation, done),
            _ => false,
        }
    }

    /// Whether this is how a trial ends from that stage on.
    fn is_decided(&self, stage: Stage, done: &[Effect]) -> bool {
        Trigger::DECISIONS.into_iter().any(|by| {
            let row = transition(stage, by, self.strategy);
            let rest = done.strip_prefix(row.effects);
            rest.is_some_and(|rest| match (row.step, row.stage) {
                (Step::Decide(Decide::GoOn), Some(next)) => self.is_decided(next, rest),
                (Step::Decide(Decide::Promote), _) => rest.is_empty() || self.is_taken_back(rest),
                (Step::Decide(Decide::GoBack), _) => rest.is_empty(),
                _ => false,
            })
        })
    }
}

/// What was done after the new instance did not start, or was found ill and stopped.
fn after_failed_start<'a>(done: &'a [Effect], effects: &[Effect]) -> Option<&'a [Effect]> {
    let start = effects.iter().position(|it| *it == Effect::Start)?;
    let rest = done.strip_prefix(&effects[..=start])?;
    let ill = rest.strip_prefix(&[Effect::Check, Effect::Stop]);
    Some(ill.unwrap_or(rest))
}

/// Whether a way was gone up to its start, which failed.
fn is_failed_restart(done: &[Effect], way: &[Effect]) -> bool {
    let start = way.iter().position(|it| *it == Effect::Start);
    start.is_some_and(|start| done == &way[..=start])
}

#[cfg(test)]
mod tests {
    use tower_plugin_gate::PluginState;

    use super::*;
    use crate::Operation;
    use crate::lifecycle::transition;
    use Effect::{Adopt, Check, Close, Drain, Open, Share, Start, Stop};

    fn of(operation: Operation, strategy: ReloadStrategy) -> Transition {
        transition(PluginState::Active, operation, strategy)
    }

    #[test]
    fn recreate_does_what_the_table_says_or_goes_back_or_takes_back() {
        let recreate = of(Operation::UpdateConfig, ReloadStrategy::Recreate);
        let (served, back) = ([Start, Check, Adopt, Open], [Close, Drain, Stop, Start]);
        for (then, may) in [
            (served.to_vec(), true),
            ([&[Start][..], &served].concat(), true),
            ([&[Start, Check, Stop][..], &served].concat(), true),
            (vec![Start, Check, Stop, Start], true),
            (vec![Start, Start], true),
            ([&served[..], RECREATE].concat(), true),
            ([&served[..], &back].concat(), true),
            ([&served[..], REPLACE].concat(), false),
            (vec![Start], false),
            (vec![Start, Check], false),
            ([&served[..], &[Close]].concat(), false),
            ([&served[..], &[Open]].concat(), false),
            (vec![], false),
        ] {
            let done = [&[Close, Drain, Stop][..], &then].concat();
            assert_eq!(recreate.may_have_done(&done), may, "{done:?}");
        }
    }

    #[test]
    fn replace_leaves_nobody_behind() {
        let replace = of(Operation::UpdateConfig, ReloadStrategy::Replace);
        let canary = [Start, Check, Share];
        for (done, may) in [
            (REPLACE.to_vec(), true),
            (vec![Start], true),
            (vec![Start, Check, Stop], true),
            ([REPLACE, REPLACE].concat(), true),
            ([REPLACE, &[Start], RECREATE].concat(), true),
            ([&canary[..], &[Close, Drain, Stop]].concat(), true),
            (
                [&canary[..], &[Open, Close, Adopt, Drain, Stop]].concat(),
                true,
            ),
            (
                [&canary[..], &[Open, Open, Close, Drain, Stop]].concat(),
                true,
            ),
            (vec![Start, Check, Open, Open, Close, Drain, Stop], true),
            (vec![Start, Check], false),
            (vec![Start, Check, Adopt, Open], false),
            (vec![Start, Check, Adopt, Open, Close], false),
            (vec![Start, Check, Open, Close], false),
            (canary.to_vec(), false),
            (RECREATE.to_vec(), false),
        ] {
            assert_eq!(replace.may_have_done(&done), may, "{done:?}");
        }
    }

    #[test]
    fn what_has_nothing_to_do_does_nothing() {
        let reload = of(Operation::UpdateConfig, ReloadStrategy::Replace);
        let same = reload.with_same_config(PluginState::Active);
        assert!(same.may_have_done(&[]));
        assert!(!same.may_have_done(&[Start]));
        let unload = of(Operation::Unload, ReloadStrategy::Replace);
        assert!(unload.may_have_done(&[Close, Drain, Stop]));
        assert!(!unload.may_have_done(&[]));
    }
}
