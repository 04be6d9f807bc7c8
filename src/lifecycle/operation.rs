use tokio::time::Instant;
use tower_plugin_gate::PluginState;

use super::exchange::{Candidate, Done};
use super::task::Lifecycle;
use super::transition::{Step, plan};
use super::{ConfigChange, Request};
use crate::config::{decode, merge_patch};
use crate::{
    ConfigError, ConfigVersion, EventKind, Operation, OperationError, OperationErrorKind, Outcome,
    Plugin, ReloadReport, StartReason,
};

impl<P: Plugin> Lifecycle<P> {
    /// Does what was asked, from its validation to its report.
    pub(super) async fn carry_out(
        &mut self,
        request: Request,
    ) -> Result<ReloadReport, OperationError> {
        let started = Instant::now();
        let operation = request.operation();
        let state = self.published.read(|snapshot| snapshot.state);
        let candidate = match request {
            Request::UpdateConfig(change) => match self.candidate(change) {
                Ok(candidate) => candidate,
                Err(refused) => {
                    let error = OperationError::new(&**self.name(), refused);
                    tracing::warn!(%error, "refused");
                    self.event(EventKind::ReloadRejected, error.to_string());
                    return Err(error);
                }
            },
            _ => Candidate {
                config: self.config.clone(),
                version: self.config_version,
            },
        };
        let done = match plan(state, operation) {
            Step::Refuse => {
                let kind = OperationErrorKind::InProgress(operation);
                return Err(OperationError::new(&**self.name(), kind));
            }
            Step::Nothing => Done::new(Outcome::Unchanged, nothing_to_do(state)),
            _ if operation == Operation::UpdateConfig
                && state != PluginState::Failed
                && candidate.config == self.config =>
            {
                Done::new(Outcome::Unchanged, "the config is in force already")
            }
            Step::Keep => {
                self.adopt(candidate);
                Done::new(
                    Outcome::Applied,
                    "config kept for when the plugin is enabled",
                )
            }
            Step::Start => {
                let (reason, meanwhile) = why(operation);
                self.begin(operation);
                self.bring_up(candidate, reason, meanwhile).await
            }
            Step::Exchange => {
                self.begin(operation);
                self.exchange(candidate, why(operation).0).await
            }
            Step::Stop(rest) => {
                let (drain, stop_error) = self.take_down(PluginState::Unloading).await;
                self.slot.close(rest);
                self.publish_state(rest);
                Done {
                    drain,
                    stop_error,
                    ..Done::new(Outcome::Applied, "plugin stopped")
                }
            }
        };
        self.finish(operation, started, done)
    }

    /// The config that a change asks for, if the plugin would take it. Touches nothing.
    fn candidate(&self, change: ConfigChange) -> Result<Candidate, OperationErrorKind> {
        let current = self.config_version;
        if change.if_version.is_some_and(|version| version != current) {
            return Err(OperationErrorKind::VersionMismatch { current });
        }
        let mut config = change.value;
        if change.is_patch {
            let patch = std::mem::replace(&mut config, self.config.clone());
            merge_patch(&mut config, patch);
        }
        self.secrets.unmask(&mut config, &self.config);
        if !config.is_object() {
            let refused = ConfigError::new("", "must be a JSON object");
            return Err(OperationErrorKind::ConfigRejected(refused));
        }
        if let Err(refused) = decode::<P::Config>(&config) {
            let refused = self.secrets.scrub_refusal(&refused, &config);
            return Err(OperationErrorKind::ConfigRejected(refused));
        }
        let version = ConfigVersion {
            number: current.number + 1,
            ..current
        };
        Ok(Candidate { config, version })
    }

    fn begin(&self, operation: Operation) {
        if matches!(operation, Operation::Reload | Operation::UpdateConfig) {
            self.event(EventKind::ReloadStarted, format!("{operation} started"));
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
            message,
        } = done;
        let failure_text = failure
            .as_ref()
            .map(|failure| self.scrub(&failure.to_string()));
        let report = ReloadReport {
            plugin: self.name().to_string(),
            operation,
            outcome,
            state: self.published.read(|snapshot| snapshot.state),
            generation: self.generation,
            version: self.config_version.number(),
            duration: started.elapsed(),
            drain,
            stop_error,
            message: match &failure_text {
                Some(failure) => format!("{failure}; {message}"),
                None => message.to_owned(),
            },
        };
        let (duration, message) = (report.duration, report.message.clone());
        if outcome.is_success() {
            tracing::info!(%outcome, ?duration, "done");
        } else {
            tracing::error!(%outcome, ?duration, message, "failed");
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
        if outcome == Outcome::Applied {
            self.published
                .publish(|snapshot| snapshot.last_error = None);
        }
        Ok(report)
    }
}

fn why(operation: Operation) -> (StartReason, PluginState) {
    match operation {
        Operation::Enable => (StartReason::Enable, PluginState::Loading),
        Operation::Reload => (StartReason::Reload, PluginState::Reloading),
        Operation::UpdateConfig => (StartReason::ConfigChange, PluginState::Reloading),
        _ => (StartReason::Register, PluginState::Loading),
    }
}

fn nothing_to_do(state: PluginState) -> &'static str {
    match state {
        PluginState::Disabled => "the plugin is disabled: enable it to have it started",
        _ => "the plugin is active already",
    }
}

fn event_of(operation: Operation, outcome: Outcome) -> Option<EventKind> {
    Some(match (operation, outcome) {
        (_, Outcome::Unchanged | Outcome::Rejected) => return None,
        (Operation::Reload | Operation::UpdateConfig, Outcome::Applied) => EventKind::ReloadApplied,
        (Operation::Reload | Operation::UpdateConfig, Outcome::Failed) => EventKind::ReloadFailed,
        (_, Outcome::RolledBack) => EventKind::ReloadRolledBack,
        (_, Outcome::Failed) => EventKind::Failed,
        (Operation::Register, Outcome::Applied) => return None,
        (Operation::Enable, Outcome::Applied) => EventKind::Enabled,
        (Operation::Disable, Outcome::Applied) => EventKind::Disabled,
        (Operation::Unload | Operation::Shutdown, Outcome::Applied) => EventKind::Removed,
    })
}
