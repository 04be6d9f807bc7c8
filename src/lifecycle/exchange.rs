use tower_plugin_gate::{Generation, PluginState};

use super::candidate::Candidate;
use super::hook::HookError;
use super::start::Running;
use super::task::Lifecycle;
use super::transition::Effect;
use super::{HealthRecord, ReloadStrategy, TrialRules};
use crate::config::{diff, fields};
use crate::{DrainReport, Outcome, Plugin, StartReason, StoreError};

/// How the work of an operation ended.
pub(super) struct Done {
    pub(super) outcome: Outcome,
    pub(super) drain: DrainReport,
    pub(super) stop_error: Option<String>,
    pub(super) failure: Option<HookError>,
    /// What went wrong beside the work itself, which is done.
    pub(super) warning: Option<String>,
    pub(super) message: &'static str,
}

impl Done {
    pub(super) fn new(outcome: Outcome, message: &'static str) -> Self {
        Self {
            outcome,
            message,
            drain: DrainReport::default(),
            stop_error: None,
            failure: None,
            warning: None,
        }
    }

    pub(super) fn because(mut self, failure: HookError) -> Self {
        self.failure = Some(failure);
        self
    }
}

impl<P: Plugin> Lifecycle<P> {
    /// Starts an instance where none serves.
    pub(super) async fn bring_up(
        &mut self,
        candidate: Candidate,
        reason: StartReason,
        meanwhile: PluginState,
    ) -> Done {
        self.slot.close(meanwhile);
        self.publish_state(meanwhile);
        match self.start(&candidate.config, reason).await {
            Ok(running) => {
                self.open(running, candidate);
                Done::new(Outcome::Applied, "plugin started")
            }
            Err(error) => {
                self.fail();
                Done::new(Outcome::Failed, "plugin failed to start").because(error)
            }
        }
    }

    /// Exchanges the generation that serves for a new one.
    pub(super) async fn exchange(
        &mut self,
        candidate: Candidate,
        reason: StartReason,
        rules: TrialRules,
    ) -> Done {
        match self.settings.strategy {
            ReloadStrategy::Recreate => self.recreate(candidate, reason).await,
            ReloadStrategy::Replace => self.replace(candidate, reason, rules).await,
        }
    }

    async fn recreate(&mut self, candidate: Candidate, reason: StartReason) -> Done {
        let (drain, stop_error) = self.take_down(PluginState::Reloading).await;
        let mut done = match self.start_healthy(&candidate.config, reason).await {
            Ok(running) => {
                self.open(running, candidate);
                Done::new(Outcome::Applied, "plugin reloaded")
            }
            Err(error) => self.restore().await.because(error),
        };
        (done.drain, done.stop_error) = (drain, stop_error);
        done
    }

    /// Starts again with the last good config, whatever its health: it is all there is.
    pub(super) async fn restore(&mut self) -> Done {
        tracing::warn!("the new instance failed: going back to the last good config");
        match self.start(&self.config, StartReason::Rollback).await {
            Ok(running) => {
                let last_good = self.in_force();
                self.open(running, last_good);
                Done::new(Outcome::RolledBack, "the last good config serves again")
            }
            Err(error) => {
                tracing::error!(error = %self.scrub(&error.to_string()), "the last good config failed, too");
                self.fail();
                Done::new(Outcome::Failed, "the last good config failed to start, too")
            }
        }
    }

    async fn replace(
        &mut self,
        candidate: Candidate,
        reason: StartReason,
        rules: TrialRules,
    ) -> Done {
        self.publish_state(PluginState::Reloading);
        let new = match self.start_healthy(&candidate.config, reason).await {
            Ok(new) => new,
            Err(error) => {
                self.publish_state(PluginState::Active);
                let message = "the generation before never stopped serving";
                return Done::new(Outcome::RolledBack, message).because(error);
            }
        };
        if rules.is_some() {
            return self.put_on_trial(new, candidate, rules).await;
        }
        self.without_trial(new, candidate).await
    }

    /// Has everybody leave a generation whose gate is closed, then stops it.
    pub(super) async fn drain_and_stop(
        &self,
        running: Running<P::Instance>,
    ) -> (DrainReport, Option<String>) {
        let drain = self.drain(&running.generation).await;
        (drain, self.stop(running).await)
    }

    /// Lets a new generation serve and hands out the one before, its gate closed.
    pub(super) fn open(
        &mut self,
        mut running: Running<P::Instance>,
        candidate: Candidate,
    ) -> Option<Running<P::Instance>> {
        let generation = Generation::clone(&running.generation);
        self.generation = generation.number();
        let is_new_config = self.config_version != candidate.version;
        self.adopt(candidate);
        // Published before it serves, so that nobody inside is ever missing from the count.
        self.published.publish(|snapshot| {
            snapshot.gates.push(generation.gate().clone());
            snapshot.generation = generation.number();
        });
        self.did(Effect::Open);
        self.slot.open(generation);
        self.published.publish(|snapshot| {
            snapshot.state = PluginState::Active;
            snapshot.is_serving = true;
            snapshot.health = HealthRecord::first(running.health.clone());
        });
        tracing::info!(
            generation = self.generation,
            is_new_config,
            "a generation serves"
        );
        running.monitor = Some(self.monitor(&running));
        let before = self.running.replace(running);
        if before.is_some() {
            self.did(Effect::Close);
        }
        before
    }

    /// Puts a config in force.
    pub(super) fn adopt(&mut self, candidate: Candidate) {
        self.did(Effect::Adopt);
        if candidate.version == self.config_version {
            return;
        }
        let changes = diff(&self.config, &candidate.config, &self.secrets);
        (self.config, self.config_version) = (candidate.config, candidate.version);
        self.tell_of_config(fields(&changes));
    }

    /// Closes the slot, drains and stops what served in it.
    pub(super) async fn take_down(
        &mut self,
        meanwhile: PluginState,
    ) -> (DrainReport, Option<String>) {
        self.slot.close(meanwhile);
        self.published.publish(|snapshot| {
            snapshot.state = meanwhile;
            snapshot.is_serving = false;
        });
        let Some(running) = self.running.take() else {
            return Default::default();
        };
        self.did(Effect::Close);
        self.drain_and_stop(running).await
    }

    /// There is a stored config, but it cannot be read, and no version to do with instead: none is
    /// better than the wrong one.
    pub(super) fn unread(&mut self, error: StoreError) -> Done {
        self.fail();
        let error = HookError::failed("reading the stored config", error);
        Done::new(Outcome::Failed, "mend the file and reload the plugin").because(error)
    }

    /// Leaves nothing open, and says that it failed.
    pub(super) fn fail(&mut self) {
        self.slot.close(PluginState::Failed);
        self.published.publish(|snapshot| {
            snapshot.state = PluginState::Failed;
            snapshot.is_serving = false;
        });
    }
}
