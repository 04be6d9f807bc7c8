use tower::layer::util::Identity;
use tower_layer::Layer;
use tower_plugin_gate::{Generation, PluginLayer, PluginState, Slot};
use tower_plugin_swap::{SwapLayer, SwapService};

use crate::{Client, Site, Work};

/// The slot of a plugin that serves.
pub fn open_slot<T: Send + Sync + 'static>(instance: T) -> Slot<T> {
    let slot = Slot::new("geo", PluginState::Loading);
    slot.open(Generation::new(1, instance));
    slot
}

/// The slot of a plugin that is switched off.
#[must_use]
pub fn closed_slot() -> Slot<()> {
    Slot::new("geo", PluginState::Disabled)
}

pub(super) fn gate(site: Site) -> Box<dyn Work> {
    let slot = open_slot(());
    Box::new(Client::new(PluginLayer::new(&slot).layer(site), slot))
}

pub(super) fn tracked(site: Site) -> Box<dyn Work> {
    let slot = Slot::tracked("geo", PluginState::Loading);
    slot.open(Generation::new(1, ()));
    Box::new(Client::new(PluginLayer::new(&slot).layer(site), slot))
}

pub(super) fn swap_service(site: Site) -> Box<dyn Work> {
    let slot = open_slot(site);
    Box::new(Client::new(SwapService::new(&slot), slot))
}

pub(super) fn swap_layer(site: Site) -> Box<dyn Work> {
    let slot = open_slot(Identity::new());
    Box::new(Client::new(SwapLayer::new(&slot).layer(site), slot))
}
