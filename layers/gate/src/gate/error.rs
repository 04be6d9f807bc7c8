use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::PluginState;

/// The error a request ends with when its plugin's drain passed the deadline.
///
/// ```
/// use tower_plugin_gate::{Generation, PluginState, Slot};
///
/// let slot = Slot::new("geo", PluginState::Loading);
/// slot.open(Generation::new(1, ()));
/// let permit = slot.generation().and_then(|it| it.gate().enter()).expect("the slot is open");
/// slot.close(PluginState::Disabled);
/// let error = permit.cancelled_error();
/// assert_eq!((error.plugin(), error.state()), ("geo", PluginState::Disabled));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CancelledError {
    plugin: Arc<str>,
    state: PluginState,
}

impl CancelledError {
    pub(crate) fn new(plugin: Arc<str>, state: PluginState) -> Self {
        Self { plugin, state }
    }

    /// The state the plugin was in when its gate was closed.
    #[must_use]
    pub fn state(&self) -> PluginState {
        self.state
    }

    /// Name of the plugin whose drain cancelled the request; empty for a gate that was never in a
    /// slot.
    #[must_use]
    pub fn plugin(&self) -> &str {
        &self.plugin
    }
}

impl fmt::Display for CancelledError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plugin, state } = self;
        f.write_str("request cancelled: ")?;
        if plugin.is_empty() {
            return f.write_str("its gate passed the drain deadline; retry");
        }
        write!(
            f,
            "plugin `{plugin}`, {state}, passed its drain deadline; retry"
        )
    }
}

impl Error for CancelledError {}

/// The error a request ends with when the service behind its plugin's gate panicked, and the layer
/// was told to [catch that](crate::PluginLayer::catch_panics).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PanickedError {
    plugin: Arc<str>,
}

impl PanickedError {
    pub(crate) fn new(plugin: Arc<str>) -> Self {
        Self { plugin }
    }

    /// Name of the plugin whose gate the request had passed.
    #[must_use]
    pub fn plugin(&self) -> &str {
        &self.plugin
    }
}

impl fmt::Display for PanickedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the service behind plugin `{}` panicked; see the server's log",
            self.plugin
        )
    }
}

impl Error for PanickedError {}
