use tower_layer::Layer;

use super::AnyService;
use crate::{Door, HasSlot, OnClosed, Reject};

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
pub struct AnyLayer<P = Reject> {
    door: Door,
    policy: P,
}

impl AnyLayer {
    /// A layer that gates behind `plugin`.
    #[must_use]
    pub fn new<H: HasSlot>(plugin: &H) -> Self {
        Self {
            door: Door::new(plugin),
            policy: Reject,
        }
    }
}

impl<P> AnyLayer<P> {
    /// Says what becomes of requests that meet a closed gate. Default: they are rejected.
    ///
    /// ```
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_plugin_gate::{BoxError, OnClosed, PluginLayer, PluginState, Slot};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
    /// let slot = Slot::<()>::new("audit", PluginState::Failed);
    /// let service = ServiceBuilder::new()
    ///     .layer(PluginLayer::any(&slot).on_closed(OnClosed::Bypass))
    ///     .service_fn(|n: u32| async move { Ok::<_, std::io::Error>(n + 1) });
    /// assert_eq!(service.oneshot(1).await?, 2);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn on_closed(self, policy: OnClosed) -> AnyLayer<OnClosed> {
        AnyLayer {
            door: self.door,
            policy,
        }
    }
}

impl<S, P: Clone> Layer<S> for AnyLayer<P> {
    type Service = AnyService<S, P>;

    fn layer(&self, inner: S) -> AnyService<S, P> {
        AnyService::new(inner, self.door.clone(), self.policy.clone())
    }
}
