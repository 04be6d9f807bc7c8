use std::error::Error;
use std::fmt;
use std::sync::{Arc, OnceLock};

use super::PluginState;
use crate::plugin::{Told, tell};

/// Why a request was not admitted: the plugin has no generation that could serve it.
///
/// ```
/// use tower_plugin_gate::{PluginState, Slot};
///
/// let rejected = Slot::<()>::new("geo", PluginState::Reloading).enter().unwrap_err();
/// assert!(rejected.is_transient());
/// assert_eq!(rejected.to_string(), "plugin `geo` is reloading; retry shortly");
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Rejected {
    refusals: Arc<Refusals>,
    state: PluginState,
    limit: Option<HoldLimit>,
}

/// The bound that a request was not held beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HoldLimit {
    Time,
    Number,
}

/// What all rejections of one plugin share: its name, and the answers to HTTP, each written once.
pub(crate) struct Refusals {
    plugin: Arc<str>,
    told: [OnceLock<Arc<Told>>; PluginState::ALL.len()],
}

impl Refusals {
    pub(crate) fn new(plugin: Arc<str>) -> Arc<Self> {
        let told = Default::default();
        Arc::new(Self { plugin, told })
    }

    /// What a client is told of that state.
    #[inline]
    pub(super) fn told(self: &Arc<Self>, state: PluginState) -> &Arc<Told> {
        self.told[state as usize].get_or_init(|| tell(&Rejected::new(Arc::clone(self), state)))
    }
}

impl Rejected {
    pub(crate) fn new(refusals: Arc<Refusals>, state: PluginState) -> Self {
        Self {
            refusals,
            state,
            limit: None,
        }
    }

    pub(crate) fn limited(mut self, limit: HoldLimit) -> Self {
        self.limit = Some(limit);
        self
    }

    /// What a client is told.
    pub(crate) fn told(&self) -> Arc<Told> {
        match self.limit {
            None => Arc::clone(self.refusals.told(self.state)),
            // The rarer ones, which say more than the state.
            Some(_) => tell(self),
        }
    }

    /// Name of the plugin.
    #[must_use]
    pub fn plugin(&self) -> &str {
        &self.refusals.plugin
    }

    /// The state it was in.
    #[must_use]
    pub fn state(&self) -> PluginState {
        self.state
    }

    /// Whether the plugin is on its way to another state, so that trying again soon may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.state.is_transition()
    }

    /// Whether the request was held for as long as [`OnClosed::Hold`](crate::OnClosed::Hold)
    /// allows, and the plugin did not come back.
    #[must_use]
    pub fn is_hold_timeout(&self) -> bool {
        self.limit == Some(HoldLimit::Time)
    }

    /// Whether the request was not held because as many were as
    /// [`OnClosed::Hold`](crate::OnClosed::Hold) allows.
    #[must_use]
    pub fn is_hold_full(&self) -> bool {
        self.limit == Some(HoldLimit::Number)
    }
}

impl PartialEq for Rejected {
    fn eq(&self, other: &Self) -> bool {
        (self.plugin(), self.state, self.limit) == (other.plugin(), other.state, other.limit)
    }
}

impl Eq for Rejected {}

impl fmt::Debug for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejected")
            .field("plugin", &self.plugin())
            .field("state", &self.state)
            .finish()
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.state {
            PluginState::Failed => "has",
            _ => "is",
        };
        write!(f, "plugin `{}` {verb} {}", self.plugin(), self.state)?;
        f.write_str(match self.limit {
            None => "; ",
            Some(HoldLimit::Time) => " and did not come back while the request was held; ",
            Some(HoldLimit::Number) => " and no more requests may be held; ",
        })?;
        f.write_str(if self.is_transient() {
            "retry shortly"
        } else {
            "retry once an operator has brought it back"
        })
    }
}

impl Error for Rejected {}
