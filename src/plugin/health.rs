use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::config::SecretTexts;

/// How well an instance can do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum HealthStatus {
    /// It works.
    Healthy,
    /// It works, but not as it should: slower, or in part.
    Degraded,
    /// It does not work.
    Unhealthy,
}

impl HealthStatus {
    /// The worse of two.
    pub(crate) fn worse(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unhealthy, _) | (_, Self::Unhealthy) => Self::Unhealthy,
            (Self::Degraded, _) | (_, Self::Degraded) => Self::Degraded,
            _ => Self::Healthy,
        }
    }

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }
}

impl fmt::Display for HealthStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Answer of [`Plugin::check`](crate::Plugin::check).
///
/// ```
/// use tower_plugin::{Health, HealthStatus};
///
/// let health = Health::degraded("cache is cold").detail("cache_entries", 12);
/// assert_eq!(health.status(), HealthStatus::Degraded);
/// assert_eq!(health.details()["cache_entries"], 12);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Health {
    status: HealthStatus,
    message: Option<String>,
    details: Map<String, Value>,
}

impl Health {
    fn new(status: HealthStatus, message: Option<String>) -> Self {
        Self {
            status,
            message,
            details: Map::new(),
        }
    }

    /// It works.
    pub fn healthy() -> Self {
        Self::new(HealthStatus::Healthy, None)
    }

    /// It works, but not as it should.
    pub fn degraded(message: impl Into<String>) -> Self {
        Self::new(HealthStatus::Degraded, Some(message.into()))
    }

    /// It does not work.
    pub fn unhealthy(message: impl Into<String>) -> Self {
        Self::new(HealthStatus::Unhealthy, Some(message.into()))
    }

    /// Adds a detail that is shown among the plugin's `checks`. It must not hold a secret.
    pub fn detail(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.details.insert(name.into(), value.into());
        self
    }

    /// With a message and details that quote none of the secrets.
    pub(crate) fn scrubbed(mut self, secrets: &SecretTexts) -> Self {
        self.message = self.message.map(|message| secrets.scrub(&message));
        let details = Value::Object(std::mem::take(&mut self.details));
        if let Value::Object(details) = secrets.scrub_value(details) {
            self.details = details;
        }
        self
    }

    /// How well it works.
    #[must_use]
    pub fn status(&self) -> HealthStatus {
        self.status
    }

    /// Whether it works as it should.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.status == HealthStatus::Healthy
    }

    /// What is wrong, in words.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// The details added.
    #[must_use]
    pub fn details(&self) -> &Map<String, Value> {
        &self.details
    }
}
