use serde::Serialize;

use crate::{FieldChange, HealthStatus, ReloadStrategy};

/// What an operation would do: the answer to a [dry run](crate::OperationBuilder::dry_run).
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct DryRunReport {
    /// What would be done.
    pub would: DryRunStep,
    /// How the generation would be exchanged, where it would be.
    pub strategy: ReloadStrategy,
    /// Whether the new generation would go on [trial](crate::Registration::probation).
    pub trial: bool,
    /// What would be different about the config, secrets masked.
    pub changes: Vec<FieldChange>,
    /// How many requests and leases are inside, and would be waited for where the generation is
    /// exchanged or stopped.
    pub in_flight: usize,
    /// How the instance was that was started for this, if one was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<HealthStatus>,
    /// What it said of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_message: Option<String>,
}

/// What an operation would come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DryRunStep {
    /// Nothing: things are as they are asked to be.
    Nothing,
    /// The config would be kept for when the plugin is enabled.
    Keep,
    /// An instance would be started where none serves.
    Start,
    /// The generation that serves would be exchanged for a new one.
    Exchange,
    /// The plugin would be drained and stopped.
    Stop,
}
