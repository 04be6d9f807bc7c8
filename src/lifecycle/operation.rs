use tokio::time::Instant;
use tower_plugin_gate::PluginState;

use super::candidate::Candidate;
use super::drift::takes_up;
use super::exchange::Done;
use super::task::Lifecycle;
use super::transition::{Step, Transition, transition};
use super::{Options, ReloadStrategy, Request, TrialRules};
use crate::fault;
use crate::{
    EventKind, LastError, Operation, OperationError, OperationErrorKind, Outcome, Plugin,
    ReloadReport, StartReason,
};

impl<P: Plugin> Lifecycle<P> {
    /// Does what was asked, from its validation to its report.
    pub(super) async fn carry_out(
        &mut self,
        request: Request,
        options: &Options,
    ) -> Result<ReloadReport, OperationError> {
        self.begin_trace();
        let started = Instant::now();
        let operation = request.operation();
        let state = self.published.read(|snapshot| snapshot.state);
        if let Some(kind) = self.outdated(options) {
            return Err(self.refuse(kind));
        }
        match operation {
            Operation::Register => self.dependencies_started().await,
            Operation::Unload => self.retire()?,
            _ => {}
        }
        let candidate = match self.candidate(request).await {
            Ok(candidate) => candidate,
            Err(OperationErrorKind::StoreUnavailable(error))
                if operation == Operation::Register =>
            {
                let done = self.unread(error);
                return self.finish(operation, started, done);
            }
            Err(refused) => {
                let error = self.refuse(refused);
                self.drift_of_refused(operation, &error);
                // Nobody asked for it who could be told.
                if operation == Operation::Refresh {
                    self.publish_error(operation, error.to_string());
                }
                return Err(error);
            }
        };
        fault::point("validated");
        let transition = self.transition(state, operation, &candidate);
        let is_edited = takes_up(operation) && candidate.config != self.config;
        let done = match transition.step {
            Step::Refuse | Step::Decide(_) => {
                let kind = OperationErrorKind::InProgress {
                    operation,
                    id: None,
                    on_trial: false,
                };
                return Err(OperationError::new(&**self.name(), kind));
            }
            Step::Nothing => Done::new(Outcome::Unchanged, nothing_to_do(state, operation)),
            step @ (Step::Keep | Step::Start | Step::Exchange) => {
                let refused = self.untriable(step, options);
                if let Some(kind) = refused.or_else(|| self.overcrowded(step, state)) {
                    return Err(self.refuse(kind));
                }
                let prepared = self.prepare(operation, &candidate, options).await;
                let prepared = prepared.map_err(|refused| self.refuse(refused))?;
                fault::point("prepared");
                self.withholds = prepared.is_some();
                let before = self.in_force();
                let rules = self.settings.trial.with(&options.trial);
                let done = self.build(&transition, operation, candidate, rules).await;
                fault::point("swapped");
                self.persist(operation, prepared, before, done).await
            }
            Step::Stop(_) if options.trial.asks() => {
                let why = "only a reload or a change of config can be";
                return Err(self.refuse(OperationErrorKind::TrialUnavailable(why)));
            }
            Step::Stop(rest) => {
                let (drain, stop_error) = self.take_down(transition.meanwhile).await;
                self.slot.close(rest);
                self.publish_state(rest);
                Done {
                    drain,
                    stop_error,
                    ..Done::new(Outcome::Applied, "plugin stopped")
                }
            }
        };
        self.check_rest(&transition);
        let answer = self.finish(operation, started, done);
        self.drift_of_done(operation, is_edited, &answer);
        answer
    }

    /// What an operation comes to in a state, with that config.
    pub(super) fn transition(
        &self,
        state: PluginState,
        operation: Operation,
        with: &Candidate,
    ) -> Transition {
        // Where something else is stored, it is yet to be.
        let has_drift = self.published.read(|snapshot| snapshot.drift.is_some());
        let is_stored = !(has_drift && operation.stores_config());
        let is_same = is_stored && with.config == self.config;
        let is_done = is_same && operation.changes_config() && state != PluginState::Failed;
        let transition = transition(state, operation, self.settings.strategy);
        match transition.step {
            Step::Keep if is_same => transition.with_same_config(state),
            Step::Start | Step::Exchange if is_done => transition.with_same_config(state),
            _ => transition,
        }
    }

    pub(super) fn refuse(&self, refused: OperationErrorKind) -> OperationError {
        let error = OperationError::new(&**self.name(), refused);
        tracing::warn!(%error, "refused");
        self.event(EventKind::ReloadRejected, error.to_string());
        error
    }

    /// Why a trial that is asked for cannot be had.
    pub(super) fn untriable(&self, step: Step, options: &Options) -> Option<OperationErrorKind> {
        if !options.trial.asks() {
            return None;
        }
        let is_some = self.settings.trial.with(&options.trial).is_some();
        let why = match (step, self.settings.strategy) {
            (Step::Exchange, ReloadStrategy::Replace) if is_some => return None,
            (Step::Exchange, ReloadStrategy::Replace) => {
                "say for how long: by a probation, a canary or a time to confirm it in"
            }
            (Step::Exchange, _) => "register it with the strategy `Replace`",
            _ => "nothing serves that the new generation could take the place of",
        };
        Some(OperationErrorKind::TrialUnavailable(why))
    }

    async fn build(
        &mut self,
        to: &Transition,
        operation: Operation,
        candidate: Candidate,
        rules: TrialRules,
    ) -> Done {
        let reason = why(operation);
        if operation == Operation::Reload || operation.changes_config() {
            self.event(EventKind::ReloadStarted, format!("{operation} started"));
        }
        match to.step {
            Step::Keep => {
                self.adopt(candidate);
                Done::new(
                    Outcome::Applied,
                    "config kept for when the plugin is enabled",
                )
            }
            _ if self.together.is_some() => self.reload_together(candidate, reason).await,
            Step::Exchange => self.exchange(candidate, reason, rules).await,
            _ => self.bring_up(candidate, reason, to.meanwhile).await,
        }
    }

    fn finish(
        &self,
        operation: Operation,
        started: Instant,
        done: Done,
    ) -> Result<ReloadReport, OperationError> {
        let Done {
            outcome,
            drain,
            stop_error,
            failure,
            warning,
            message,
        } = done;
        let warning = warning.or_else(|| stop_error.clone());
        let failure_text = failure
            .as_ref()
            .map(|failure| self.scrub(&failure.to_string()));
        let report = ReloadReport {
            plugin: self.name().to_string(),
            operation,
            outcome,
            state: self.published.read(|snapshot| snapshot.state),
            generation: self.published.read(|snapshot| snapshot.generation),
            version: self.config_version.number(),
            duration: started.elapsed(),
            drain,
            stop_error,
            message: match failure_text.as_ref().or(warning.as_ref()) {
                Some(problem) => format!("{problem}; {message}"),
                None => message.to_owned(),
            },
            dry_run: None,
        };
        let (duration, message) = (report.duration, report.message.clone());
        match (outcome.is_success(), &warning) {
            (true, None) => tracing::info!(%outcome, ?duration, "done"),
            (true, Some(_)) => tracing::warn!(%outcome, ?duration, message, "done, with a warning"),
            (false, _) => tracing::error!(%outcome, ?duration, message, "failed"),
        }
        if let Some(kind) = event_of(operation, outcome) {
            self.event(kind, message);
        }
        if let (Some(failure), Some(text)) = (failure, failure_text) {
            self.publish_error(operation, text);
            let timed_out = failure.is_timeout();
            let (report, source) = (Box::new(report), failure.into());
            let kind = OperationErrorKind::Failed {
                report,
                source,
                timed_out,
            };
            return Err(OperationError::new(&**self.name(), kind));
        }
        match warning {
            Some(warning) => self.publish_error(operation, warning),
            None if outcome == Outcome::Applied => {
                self.published
                    .publish(|snapshot| snapshot.last_error = None);
            }
            // What was wrong with the stored config is mended.
            None if operation == Operation::Refresh => self.published.publish(|snapshot| {
                let is_other = |error: &LastError| error.operation != Operation::Refresh;
                snapshot.last_error = snapshot.last_error.take().filter(is_other);
            }),
            None => {}
        }
        Ok(report)
    }
}

fn why(operation: Operation) -> StartReason {
    match operation {
        Operation::Retry => StartReason::Retry,
        Operation::Enable => StartReason::Enable,
        Operation::Reload => StartReason::Reload,
        Operation::UpdateConfig | Operation::Rollback | Operation::Refresh => {
            StartReason::ConfigChange
        }
        _ => StartReason::Register,
    }
}

fn nothing_to_do(state: PluginState, operation: Operation) -> &'static str {
    match state {
        _ if operation.changes_config() => "the config is in force already",
        PluginState::Disabled => "the plugin is disabled: enable it to have it started",
        _ => "the plugin is active already",
    }
}

fn event_of(operation: Operation, outcome: Outcome) -> Option<EventKind> {
    use Operation as O;
    Some(match (operation, outcome) {
        (_, Outcome::Unchanged | Outcome::Rejected) => return None,
        (O::Reload | O::UpdateConfig | O::Rollback | O::Refresh, Outcome::Applied) => {
            EventKind::ReloadApplied
        }
        (O::Reload | O::UpdateConfig | O::Rollback | O::Refresh, Outcome::Failed) => {
            EventKind::ReloadFailed
        }
        (_, Outcome::RolledBack) => EventKind::ReloadRolledBack,
        (_, Outcome::Failed) => EventKind::Failed,
        (O::Register | O::Retry, Outcome::Applied) => return None,
        (Operation::Enable, Outcome::Applied) => EventKind::Enabled,
        (Operation::Disable, Outcome::Applied) => EventKind::Disabled,
        (Operation::Unload | Operation::Shutdown, Outcome::Applied) => EventKind::Removed,
    })
}
