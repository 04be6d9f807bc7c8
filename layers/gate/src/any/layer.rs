use tower_layer::Layer;

use super::AnyService;
use crate::{Door, HasSlot};

/// Gates any service behind a plugin: a rejection is an `Err`.
///
/// What [`PluginLayer::any`](crate::PluginLayer::any) returns. A request is inside from its call
/// until its future ends or is dropped.
///
/// ```
/// use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
/// use tower_plugin_gate::{PluginLayer, PluginState, Rejected, Slot};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let slot = Slot::<()>::new("billing", PluginState::Disabled);
/// let service = ServiceBuilder::new()
///     .layer(PluginLayer::any(&slot))
///     .service_fn(|n: u32| async move { Ok::<_, std::io::Error>(n + 1) });
///
/// let error = service.oneshot(1).await.unwrap_err();
/// let rejected = error.downcast_ref::<Rejected>().expect("the plugin is disabled");
/// assert_eq!(rejected.state(), PluginState::Disabled);
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct AnyLayer {
    door: Door,
}

impl AnyLayer {
    /// A layer that gates behind `plugin`.
    #[must_use]
    pub fn new<P: HasSlot>(plugin: &P) -> Self {
        Self {
            door: Door::new(plugin),
        }
    }
}

impl<S> Layer<S> for AnyLayer {
    type Service = AnyService<S>;

    fn layer(&self, inner: S) -> AnyService<S> {
        AnyService::new(inner, self.door.clone())
    }
}
