use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tower_layer::Layer;

use super::{Answer, PluginService, Protocol};
use crate::slot::RawSlot;
use crate::{AnyLayer, HasSlot, OnClosed, Reject};

/// Gates an HTTP service behind a plugin.
///
/// While the plugin serves, requests pass through unchanged and are counted until their response
/// body ends. While it drains or is gone, they are answered 503 with `Retry-After` and a small
/// JSON body. When the drain's deadline passes, those still inside are cancelled: without a head
/// they are answered 503, in mid-body they end with an error.
///
/// Requests to upgrade (`Upgrade`, or the method CONNECT) carry a [`Lease`](crate::Lease) in
/// their extensions, for the handler to hold for as long as the upgraded connection lives.
///
/// ```
/// use std::convert::Infallible;
///
/// use http::{Request, Response, StatusCode};
/// use http_body_util::Full;
/// use bytes::Bytes;
/// use tower::{ServiceBuilder, ServiceExt};
/// use tower_plugin_gate::{Generation, PluginLayer, PluginState, Slot};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Infallible> {
/// let slot = Slot::new("geo", PluginState::Loading);
/// let service = ServiceBuilder::new().layer(PluginLayer::new(&slot)).service_fn(
///     |_: Request<()>| async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello"))) },
/// );
///
/// let early = service.clone().oneshot(Request::new(())).await?;
/// assert_eq!(early.status(), StatusCode::SERVICE_UNAVAILABLE);
/// assert_eq!(early.headers()["retry-after"], "1");
///
/// slot.open(Generation::new(1, ()));
/// let response = service.oneshot(Request::new(())).await?;
/// assert_eq!(response.status(), StatusCode::OK);
/// assert_eq!(slot.in_flight(), 1, "the body has not ended yet");
/// drop(response);
/// assert_eq!(slot.in_flight(), 0);
/// # Ok(()) }
/// ```
///
/// # The instance, in a handler
///
/// A handler behind this layer that [takes a lease](crate::Slot::enter) for the sake of the instance
/// enters a second time, by itself. In between the gate may have closed, so that it meets another
/// generation or none: it has to answer for that. While two generations serve side by side, as
/// with a canary, the two may be on different ones: what the one's instance spoils is then counted
/// for the other. Where requests are to tell whether a generation is any good, let the instance be
/// what serves them, as [`SwapService`](https://docs.rs/tower-plugin-swap) and `SwapLayer` have it:
/// these enter once.
///
/// # A closed gate
///
/// [`on_closed`](Self::on_closed) makes it a layer of another type: the service behind a layer
/// that may hold requests, or let them pass, has to be [`Clone`], which is all it takes.
#[derive(Clone)]
pub struct PluginLayer<P = Reject> {
    slot: Arc<RawSlot>,
    answer: Answer,
    policy: P,
}

impl PluginLayer {
    /// A layer for HTTP services.
    #[must_use]
    pub fn new<H: HasSlot>(plugin: &H) -> Self {
        Self::speaking(Protocol::Http, plugin)
    }

    /// A layer for gRPC services, as tonic builds them: what is answered in place of the service
    /// is status 14, `UNAVAILABLE`.
    #[must_use]
    pub fn grpc<H: HasSlot>(plugin: &H) -> Self {
        Self::speaking(Protocol::Grpc, plugin)
    }

    /// A layer for any [`Service`](tower_service::Service), whatever it takes and gives: what is
    /// answered in its place is an `Err`. A request is inside until its future ends.
    #[must_use]
    pub fn any<H: HasSlot>(plugin: &H) -> AnyLayer {
        AnyLayer::new(plugin)
    }

    fn speaking<H: HasSlot>(protocol: Protocol, plugin: &H) -> Self {
        Self {
            slot: Arc::clone(&plugin.slot().raw),
            answer: Answer::new(protocol),
            policy: Reject,
        }
    }
}

impl<P> PluginLayer<P> {
    /// Says what becomes of requests that meet a closed gate. Default: they are rejected.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_plugin_gate::{OnClosed, PluginLayer, PluginState, Slot};
    ///
    /// let slot = Slot::<()>::new("geo", PluginState::Loading);
    /// let layer = PluginLayer::new(&slot)
    ///     .on_closed(OnClosed::Hold { max_wait: Duration::from_secs(2), max_held: 256 });
    /// # drop(layer);
    /// ```
    #[must_use]
    pub fn on_closed(self, policy: OnClosed) -> PluginLayer<OnClosed> {
        PluginLayer {
            slot: self.slot,
            answer: self.answer,
            policy,
        }
    }

    /// Sets the `Retry-After` of rejections, rounded up to whole seconds. Default: one second.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.answer = self.answer.retry_after(after);
        self
    }
}

/// How panics of the service behind are dealt with.
impl<P> PluginLayer<P> {
    /// Answers 500, or gRPC's `INTERNAL`, when the service behind panics, and ends a body that
    /// panics with an error. Default: the panic goes on to the server. Either way it is counted in
    /// [`Counters::panicked`](crate::Counters).
    #[must_use]
    pub fn catch_panics(mut self) -> Self {
        self.answer = self.answer.catch_panics();
        self
    }
}

impl<S, P: Clone> Layer<S> for PluginLayer<P> {
    type Service = PluginService<S, P>;

    fn layer(&self, inner: S) -> PluginService<S, P> {
        let slot = Arc::clone(&self.slot);
        PluginService::new(inner, slot, self.answer, self.policy.clone())
    }
}

impl<P: fmt::Debug> fmt::Debug for PluginLayer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginLayer")
            .field("plugin", &self.slot.plugin)
            .field("answer", &self.answer)
            .field("policy", &self.policy)
            .finish()
    }
}
