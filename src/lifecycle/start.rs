use std::sync::Arc;

use serde_json::Value;
use tower_plugin_gate::Generation;

use super::check::{ask_health, health_found};
use super::contain::{Hostile, contain};
use super::health::Monitor;
use super::hook::{self, HookError};
use super::task::Lifecycle;
use super::transition::Effect;
use crate::config::SecretTexts;
use crate::{
    EventKind, Health, HealthStatus, Operation, OperationPhase, Plugin, StartContext, StartReason,
};

/// A generation, what ends its background tasks, and how it was when it was started.
pub(super) struct Running<I> {
    pub(super) generation: Hostile<Generation<I>>,
    pub(super) context: StartContext,
    pub(super) health: Health,
    /// What its hooks may know and nobody is to be told.
    pub(super) secrets: SecretTexts,
    /// Checks it in the background, once it serves.
    pub(super) monitor: Option<Monitor>,
}

impl<P: Plugin> Lifecycle<P> {
    /// Builds an instance from `config` and asks it how it is. It serves nobody yet.
    pub(super) async fn start(
        &self,
        config: &Value,
        reason: StartReason,
    ) -> Result<Running<P::Instance>, HookError> {
        self.did(Effect::Start);
        let number = self.generation + 1;
        let read = self.read(config).await;
        let read = read.map_err(|refused| HookError::failed("reading the config", refused))?;
        self.event(
            EventKind::Starting,
            format!("starting generation {number} ({reason})"),
        );

        self.enter(match reason {
            StartReason::Rollback => OperationPhase::RollingBack,
            _ => OperationPhase::Starting,
        });
        let context = StartContext::new(Arc::clone(self.name()), number, reason);
        let (plugin, cx) = (Arc::clone(&self.plugin), context.clone());
        let starting = hook::run("start", self.settings.start_timeout, async move {
            plugin.start(read, cx).await
        });
        let started = tokio::select! {
            biased;
            started = starting => started,
            abandoned = self.abandoned() => Err(abandoned),
        };
        let generation = match started {
            Ok(instance) => Generation::new(number, instance),
            Err(error) => {
                let _ = contain(|| context.token().cancel());
                return Err(error.scrubbed(|text| self.scrub(&self.secrets.scrub(text, config))));
            }
        };
        let secrets = self.secrets.of(config);
        self.did(Effect::Check);
        self.enter(OperationPhase::Checking);
        let checking = ask_health(&self.plugin, &generation, self.settings.check_timeout);
        let (checked, abandoned) = tokio::select! {
            biased;
            checked = checking => (checked, None),
            abandoned = self.abandoned() => (Ok(Health::healthy()), Some(abandoned)),
        };
        let running = Running {
            generation: Hostile::new(generation),
            context,
            health: health_found(checked, &secrets),
            secrets,
            monitor: None,
        };
        if let Some(abandoned) = abandoned {
            self.stop(running).await;
            return Err(abandoned);
        }
        Ok(running)
    }

    /// Until something comes before an attempt to start the plugin again, if this is one.
    async fn abandoned(&self) -> HookError {
        let attempt = self.record();
        let attempt = attempt.filter(|record| record.operation == Operation::Retry);
        let Some(attempt) = attempt else {
            return std::future::pending().await;
        };
        HookError::abandoned(attempt.decision().await)
    }

    /// As `start`, but an instance that does not work is stopped again.
    pub(super) async fn start_healthy(
        &self,
        config: &Value,
        reason: StartReason,
    ) -> Result<Running<P::Instance>, HookError> {
        let running = self.start(config, reason).await?;
        if running.health.status() != HealthStatus::Unhealthy {
            return Ok(running);
        }
        let error = HookError::unhealthy(running.health.message());
        self.stop(running).await;
        Err(error)
    }
}
