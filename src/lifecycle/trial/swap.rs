use tower_plugin_gate::{Generation, PluginState, Share};

use super::TrialRules;
use super::watch::{Rivals, Verdict};
use crate::lifecycle::HealthRecord;
use crate::lifecycle::candidate::Candidate;
use crate::lifecycle::exchange::Done;
use crate::lifecycle::hook::HookError;
use crate::lifecycle::start::Running;
use crate::lifecycle::task::Lifecycle;
use crate::lifecycle::transition::{Decide, Effect, Stage, Step, transition};
use crate::time::after;
use crate::{EventKind, Outcome, Plugin};

impl<P: Plugin> Lifecycle<P> {
    /// Tries a new generation out beside the one that serves, and keeps the better one.
    pub(in crate::lifecycle) async fn put_on_trial(
        &mut self,
        new: Running<P::Instance>,
        candidate: Candidate,
        rules: TrialRules,
    ) -> Done {
        let confirm_by = rules.confirm_within.map(after);
        let Some(old) = &self.running else {
            return self.without_trial(new, candidate).await;
        };
        let numbers = (new.generation.number(), old.generation.number());
        let rivals = Rivals {
            new: new.generation.gate().clone(),
            old: old.generation.gate().clone(),
            old_then: old.generation.gate().counters(),
        };
        let old_health = self.published.read(|snapshot| snapshot.health.clone());
        self.event(
            EventKind::TrialStarted,
            format!("generation {} is on trial beside {}", numbers.0, numbers.1),
        );
        tracing::info!(
            generation = numbers.0,
            previous = numbers.1,
            canary = rules.canary.map(Share::percent),
            "a generation is on trial"
        );
        let mut stage = match rules.canary {
            Some(share) => {
                self.begin_canary(new, share);
                Stage::Canary
            }
            None => {
                self.beside = Some(Box::new(new));
                self.begin_probation();
                Stage::Probation
            }
        };
        loop {
            let watch = self.watch_trial(stage, &rules, numbers, &rivals, confirm_by);
            let Verdict { by, reason } = watch.await;
            let to = transition(stage, by, self.settings.strategy);
            match (to.step, to.stage) {
                (Step::Decide(Decide::GoOn), Some(next)) => {
                    self.begin_probation();
                    stage = next;
                }
                (Step::Decide(Decide::Promote), _) => return self.promote(candidate).await,
                _ => return self.roll_back(numbers.1, old_health, reason).await,
            }
        }
    }

    pub(in crate::lifecycle) async fn without_trial(
        &mut self,
        new: Running<P::Instance>,
        candidate: Candidate,
    ) -> Done {
        let old = self.open(new, candidate);
        let mut done = Done::new(Outcome::Applied, "plugin replaced without a pause");
        if let Some(old) = old {
            (done.drain, done.stop_error) = self.drain_and_stop(old).await;
        }
        done
    }

    fn begin_canary(&mut self, mut new: Running<P::Instance>, share: Share) {
        let generation = Generation::clone(&new.generation);
        self.generation = generation.number();
        // Published before it serves, so that nobody inside is ever missing from the count.
        self.published.publish(|snapshot| {
            snapshot.gates.push(generation.gate().clone());
            let health = HealthRecord::first(new.health.clone());
            snapshot.on_trial = Some(Box::new((generation.number(), health)));
            snapshot.state = PluginState::Active;
        });
        self.did(Effect::Share);
        let is_split = self.slot.split(generation, share);
        debug_assert!(is_split, "a generation serves");
        new.monitor = Some(self.monitor(&new));
        self.beside = Some(Box::new(new));
    }

    /// Gives all requests to the new generation, and keeps the one before warm.
    fn begin_probation(&mut self) {
        let Some(new) = self.beside.take() else {
            return;
        };
        let mut new = *new;
        let generation = Generation::clone(&new.generation);
        self.serve(&mut new);
        self.did(Effect::Open);
        // The generation before is kept here.
        let _ = self.slot.open_keeping(generation);
        self.beside = self.running.replace(new).map(Box::new);
    }

    /// Publishes a generation as the one that serves.
    fn serve(&mut self, new: &mut Running<P::Instance>) {
        let number = new.generation.number();
        self.generation = number;
        let is_first = new.monitor.is_none();
        self.published.publish(|snapshot| {
            if is_first {
                snapshot.gates.push(new.generation.gate().clone());
            }
            let on_trial = snapshot.on_trial.take();
            let on_trial = on_trial.filter(|on_trial| on_trial.0 == number);
            snapshot.health = on_trial.map_or_else(
                || HealthRecord::first(new.health.clone()),
                |on_trial| on_trial.1,
            );
            snapshot.generation = number;
            snapshot.state = PluginState::Active;
            snapshot.is_serving = true;
        });
        if is_first {
            new.monitor = Some(self.monitor(new));
        }
    }

    async fn promote(&mut self, candidate: Candidate) -> Done {
        let mut done = Done::new(
            Outcome::Applied,
            "plugin replaced, and the trial was passed",
        );
        let Some(beside) = self.beside.take() else {
            return done;
        };
        let is_canary = self.slot.is_split();
        let old = if is_canary {
            let mut new = *beside;
            let generation = Generation::clone(&new.generation);
            self.serve(&mut new);
            self.did(Effect::Open);
            self.slot.open(generation);
            self.running.replace(new)
        } else {
            self.slot.retire(&beside.generation, PluginState::Reloading);
            Some(*beside)
        };
        self.did(Effect::Close);
        self.adopt(candidate);
        if let Some(old) = old {
            (done.drain, done.stop_error) = self.drain_and_stop(old).await;
        }
        done
    }

    /// Goes back to the generation before, which never stopped: nothing is built.
    async fn roll_back(&mut self, old: u64, health: HealthRecord, reason: String) -> Done {
        tracing::warn!(reason, "the trial failed: going back");
        let message = "the generation before serves again";
        let mut done = Done::new(Outcome::RolledBack, message);
        done = done.because(HookError::failed("the trial", reason));
        let Some(beside) = self.beside.take() else {
            return done;
        };
        let is_canary = self.slot.is_split();
        let (serving, failed) = match (is_canary, self.running.take()) {
            (true, Some(old)) => (old, Some(*beside)),
            (_, new) => (*beside, new),
        };
        self.published.publish(|snapshot| {
            snapshot.on_trial = None;
            snapshot.generation = old;
            if !is_canary {
                snapshot.health = health;
            }
        });
        if !is_canary {
            self.did(Effect::Open);
        }
        self.did(Effect::Close);
        self.slot.open(Generation::clone(&serving.generation));
        self.running = Some(serving);
        if let Some(failed) = failed {
            (done.drain, done.stop_error) = self.drain_and_stop(failed).await;
        }
        done
    }

    /// After a panic, or at the end of the task: leaves but the one that serves.
    pub(in crate::lifecycle) fn drop_beside(&mut self) {
        let Some(beside) = self.beside.take() else {
            return;
        };
        if let Some(running) = &self.running {
            self.slot.open(Generation::clone(&running.generation));
        }
        self.slot.retire(&beside.generation, PluginState::Reloading);
        beside.context.token().cancel();
        self.published.publish(|snapshot| snapshot.on_trial = None);
    }
}
