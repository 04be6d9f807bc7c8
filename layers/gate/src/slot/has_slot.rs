use super::Slot;

/// Something that stands for a plugin and so can be given to a layer: a [`Slot`], or a handle
/// around one.
///
/// ```
/// use tower_plugin_gate::{HasSlot, PluginLayer, PluginState, Slot};
///
/// struct Handle {
///     slot: Slot<Vec<u8>>,
/// }
///
/// impl HasSlot for Handle {
///     type Instance = Vec<u8>;
///
///     fn slot(&self) -> &Slot<Vec<u8>> {
///         &self.slot
///     }
/// }
///
/// let handle = Handle { slot: Slot::new("geo", PluginState::Loading) };
/// let layer = PluginLayer::new(&handle);
/// # drop(layer);
/// ```
pub trait HasSlot {
    /// Type of the plugin's instance.
    type Instance: Send + Sync + 'static;

    /// The plugin's slot.
    fn slot(&self) -> &Slot<Self::Instance>;
}

impl<T: Send + Sync + 'static> HasSlot for Slot<T> {
    type Instance = T;

    fn slot(&self) -> &Slot<T> {
        self
    }
}
