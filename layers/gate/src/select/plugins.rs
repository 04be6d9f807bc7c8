use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::HasSlot;
use crate::slot::RawSlot;

/// Plugins, by name, whatever their instances are.
///
/// ```
/// use tower_plugin_gate::{PluginSet, PluginState, Slot};
///
/// let geo = Slot::<String>::new("geo", PluginState::Loading);
/// let limit = Slot::<u32>::new("limit", PluginState::Loading);
/// let plugins = PluginSet::new().with(&geo).with_name("rate", &limit);
/// assert!(plugins.contains("geo") && plugins.contains("rate"));
/// assert!(!plugins.contains("limit"));
/// ```
#[derive(Clone, Default)]
pub struct PluginSet(HashMap<Arc<str>, Arc<RawSlot>>);

impl PluginSet {
    /// No plugins.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With `plugin`, under its own name. It takes the place of another of that name.
    #[must_use]
    pub fn with<H: HasSlot>(self, plugin: &H) -> Self {
        let name = Arc::clone(&plugin.slot().raw.plugin);
        self.with_name(name, plugin)
    }

    /// With `plugin`, under the name that requests have for it. It takes the place of another of
    /// that name.
    #[must_use]
    pub fn with_name<H: HasSlot>(mut self, name: impl Into<Arc<str>>, plugin: &H) -> Self {
        let slot = Arc::clone(&plugin.slot().raw);
        self.0.insert(name.into(), slot);
        self
    }

    /// Whether there is a plugin under `name`.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Arc<RawSlot>> {
        self.0.get(name)
    }
}

impl fmt::Debug for PluginSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
