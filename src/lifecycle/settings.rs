use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::{Backoff, HealthSettings, TrialRules};

/// How one generation is exchanged for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ReloadStrategy {
    /// Drain and stop the old instance, then start the new one: at no time are there two, for
    /// plugins that own something only one can hold. Requests meanwhile are rejected.
    #[default]
    Recreate,
    /// Start and check the new instance beside the old one, swap, then drain and stop the old
    /// one. No request is rejected, and a failed start disturbs nobody.
    Replace,
}

/// The bounds and intervals of one plugin's life.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) strategy: ReloadStrategy,
    pub(crate) required: bool,
    pub(crate) track_requests: bool,
    pub(crate) drain_timeout: Duration,
    /// How long cancelled requests are given to leave before they count as remaining.
    pub(crate) cancel_grace: Duration,
    /// How many generations may be held after their drain before no more are exchanged.
    pub(crate) max_leftovers: usize,
    pub(crate) start_timeout: Duration,
    pub(crate) check_timeout: Duration,
    pub(crate) stop_timeout: Duration,
    pub(crate) health: Arc<HealthSettings>,
    /// How new generations are tried out, if they are.
    pub(crate) trial: TrialRules,
    /// How it is started again when it has failed, if it is.
    pub(crate) retry: Option<Box<Backoff>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            strategy: ReloadStrategy::default(),
            required: false,
            track_requests: false,
            drain_timeout: Duration::from_secs(60),
            cancel_grace: Duration::from_secs(1),
            max_leftovers: 4,
            start_timeout: Duration::from_secs(30),
            check_timeout: Duration::from_secs(5),
            stop_timeout: Duration::from_secs(10),
            health: Arc::default(),
            trial: TrialRules::default(),
            retry: None,
        }
    }
}
