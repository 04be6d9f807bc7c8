use std::error::Error;
use std::fmt;

use serde::Serialize;

use super::SecretTexts;

/// Why a config was refused: where, and what must hold there.
///
/// Everything that is wrong is told at once where the plugin publishes a schema and the feature
/// `validate` is on; else the first thing that the config's type takes offence at.
///
/// ```
/// # use serde_json::json;
/// # use tower_plugin::{BoxError, PluginManager, plugin_fn};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
/// let manager = PluginManager::new();
/// let start = |limits: std::collections::BTreeMap<String, u32>| async move { Ok::<_, BoxError>(limits) };
/// manager.register("limits", plugin_fn(start)).await?;
///
/// let error = manager.update_config("limits", json!({"geo": "many"})).await.unwrap_err();
/// let refused = error.config_error().expect("the config is refused");
/// assert_eq!(refused.pointer(), "/geo");
/// assert!(refused.message().starts_with("must be u32"));
/// assert_eq!(refused.violations().len(), 1);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigError {
    /// One at least.
    violations: Vec<Violation>,
    has_more: bool,
}

/// One thing that is wrong with a config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Violation {
    pointer: String,
    message: String,
}

impl Violation {
    pub(crate) fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            message: message.into(),
        }
    }

    pub(crate) fn scrubbed(&self, secrets: &SecretTexts) -> Self {
        Self::new(
            secrets.scrub_pointer(&self.pointer),
            secrets.scrub(&self.message),
        )
    }

    /// JSON pointer (RFC 6901) to the offending place; empty for the config as a whole.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// What must hold there.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pointer.as_str() {
            "" => f.write_str(&self.message),
            pointer => write!(f, "`{pointer}` {}", self.message),
        }
    }
}

impl ConfigError {
    /// How many violations are listed.
    pub(crate) const MOST: usize = 64;
    /// How many of them a message names.
    const MOST_NAMED: usize = 8;

    pub(crate) fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::of(vec![Violation::new(pointer, message)])
    }

    /// One error of all of these.
    pub(crate) fn of(mut violations: Vec<Violation>) -> Self {
        let has_more = violations.len() > Self::MOST;
        violations.truncate(Self::MOST);
        if violations.is_empty() {
            violations.push(Violation::new("", "must be as the schema says"));
        }
        Self {
            violations,
            has_more,
        }
    }

    /// The same with other words.
    pub(crate) fn map(mut self, change: impl FnMut(Violation) -> Violation) -> Self {
        self.violations = self.violations.into_iter().map(change).collect();
        self
    }

    /// JSON pointer (RFC 6901) to the first offending place; empty for the config as a whole.
    #[must_use]
    pub fn pointer(&self) -> &str {
        self.violations.first().map_or("", Violation::pointer)
    }

    /// What must hold there.
    #[must_use]
    pub fn message(&self) -> &str {
        self.violations.first().map_or("", Violation::message)
    }

    /// All that is wrong: one violation at least, 64 at most.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Whether more is wrong than is listed.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.has_more
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("config refused: ")?;
        for (index, violation) in self.violations.iter().take(Self::MOST_NAMED).enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{violation}")?;
        }
        let is_cut = self.has_more || self.violations.len() > Self::MOST_NAMED;
        f.write_str(if is_cut { "; and more" } else { "" })
    }
}

impl Error for ConfigError {}
