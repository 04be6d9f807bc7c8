use std::error::Error;
use std::fmt;
use std::sync::{Arc, OnceLock};

use super::PluginState;
use crate::plugin::Told;

/// Why a request was not admitted: the plugin has no generation that could serve it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Rejected {
    refusals: Arc<Refusals>,
    state: PluginState,
}

/// What all rejections of one plugin share: its name, and the answers to HTTP, each written once.
pub(crate) struct Refusals {
    plugin: Arc<str>,
    told: [OnceLock<Told>; PluginState::ALL.len()],
}

impl Refusals {
    pub(crate) fn new(plugin: Arc<str>) -> Arc<Self> {
        let told = Default::default();
        Arc::new(Self { plugin, told })
    }
}

impl Rejected {
    pub(crate) fn new(refusals: Arc<Refusals>, state: PluginState) -> Self {
        Self { refusals, state }
    }

    /// What an HTTP client is told, which `tell` writes the first time.
    pub(crate) fn told(&self, tell: impl FnOnce() -> Told) -> &Told {
        self.refusals.told[self.state as usize].get_or_init(tell)
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
}

impl PartialEq for Rejected {
    fn eq(&self, other: &Self) -> bool {
        (self.plugin(), self.state) == (other.plugin(), other.state)
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
        write!(f, "plugin `{}` is {}; ", self.plugin(), self.state)?;
        f.write_str(if self.is_transient() {
            "retry shortly"
        } else {
            "retry once an operator has brought it back"
        })
    }
}

impl Error for Rejected {}
