use tokio::time::Instant;
use tower_plugin_gate::PluginState;

use super::candidate::Candidate;
use super::hook::HookError;
use super::task::Lifecycle;
use super::transition::Step;
use super::{Options, Request};
use crate::config::diff;
use crate::{
    DrainReport, DryRunReport, DryRunStep, Operation, OperationError, OperationErrorKind, Outcome,
    Plugin, ReloadReport, ReloadStrategy, StartReason,
};

/// How far a dry run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DryRun {
    /// As far as nothing of the plugin is called.
    Check,
    /// An instance is started, asked for its health, and stopped.
    Start,
}

impl<P: Plugin> Lifecycle<P> {
    /// Does what `carry_out` does before it touches anything, and says what it would do then.
    pub(super) async fn rehearse(
        &mut self,
        request: Request,
        options: &Options,
        how: DryRun,
    ) -> Result<ReloadReport, OperationError> {
        // What was seen of the store does not count: nothing of it is taken over.
        let seen = (self.revision, self.recorded);
        let rehearsed = self.try_out(request, options, how).await;
        (self.revision, self.recorded) = seen;
        rehearsed.map_err(|refused| {
            let error = OperationError::new(&**self.name(), refused);
            tracing::info!(%error, "would be refused");
            error
        })
    }

    async fn try_out(
        &mut self,
        request: Request,
        options: &Options,
        how: DryRun,
    ) -> Result<ReloadReport, OperationErrorKind> {
        let started = Instant::now();
        let operation = request.operation();
        let (state, in_flight) = self
            .published
            .read(|snapshot| (snapshot.state, snapshot.in_flight()));
        if let Some(refused) = self.outdated(options) {
            return Err(refused);
        }
        let candidate = self.candidate(request).await?;
        let step = self.transition(state, operation, &candidate).step;
        let would = match step {
            Step::Refuse | Step::Decide(_) => {
                return Err(OperationErrorKind::InProgress {
                    operation,
                    id: None,
                    on_trial: false,
                });
            }
            Step::Nothing => DryRunStep::Nothing,
            Step::Keep => DryRunStep::Keep,
            Step::Start => DryRunStep::Start,
            Step::Exchange => DryRunStep::Exchange,
            Step::Stop(_) => DryRunStep::Stop,
        };
        let builds = matches!(step, Step::Keep | Step::Start | Step::Exchange);
        let untriable = self.untriable(step, options).filter(|_| builds);
        if let Some(refused) = untriable.or_else(|| self.overcrowded(step, state)) {
            return Err(refused);
        }
        if builds {
            // Dropped again, and with it whatever was written.
            drop(self.prepare(operation, &candidate, options).await?);
        }
        let report = DryRunReport {
            would,
            strategy: self.settings.strategy,
            trial: step == Step::Exchange
                && self.settings.strategy == ReloadStrategy::Replace
                && self.settings.trial.with(&options.trial).is_some(),
            changes: diff(&self.config, &candidate.config, &self.secrets),
            in_flight,
            health: None,
            health_message: None,
        };
        let mut report = self.rehearsed(operation, started, state, report);
        if how == DryRun::Start && matches!(step, Step::Start | Step::Exchange) {
            if step == Step::Exchange && self.settings.strategy == ReloadStrategy::Recreate {
                return Err(OperationErrorKind::CannotStartBeside);
            }
            report = self.start_for_trial(&candidate, report).await?;
            report.duration = started.elapsed();
        }
        tracing::info!(?would, "dry run");
        Ok(report)
    }

    async fn start_for_trial(
        &self,
        candidate: &Candidate,
        mut report: ReloadReport,
    ) -> Result<ReloadReport, OperationErrorKind> {
        match self
            .start_healthy(&candidate.config, StartReason::DryRun)
            .await
        {
            Ok(running) => {
                if let Some(dry_run) = &mut report.dry_run {
                    dry_run.health = Some(running.health.status());
                    dry_run.health_message = running.health.message().map(str::to_owned);
                }
                report.stop_error = self.stop(running).await;
                Ok(report)
            }
            Err(failure) => {
                report.message = format!("{failure}; nothing was changed");
                report.outcome = Outcome::Rejected;
                Err(failed(failure, report))
            }
        }
    }

    fn rehearsed(
        &self,
        operation: Operation,
        started: Instant,
        state: PluginState,
        report: DryRunReport,
    ) -> ReloadReport {
        ReloadReport {
            plugin: self.name().to_string(),
            operation,
            outcome: Outcome::Unchanged,
            state,
            generation: self.published.read(|snapshot| snapshot.generation),
            version: self.config_version.number(),
            duration: started.elapsed(),
            drain: DrainReport::default(),
            stop_error: None,
            message: "a dry run: nothing was changed".to_owned(),
            dry_run: Some(report),
        }
    }
}

fn failed(failure: HookError, report: ReloadReport) -> OperationErrorKind {
    OperationErrorKind::Failed {
        timed_out: failure.is_timeout(),
        report: Box::new(report),
        source: failure.into(),
    }
}
