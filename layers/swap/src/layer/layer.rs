use std::fmt;
use std::time::Duration;

use tower_layer::Layer;
use tower_plugin_gate::{Answer, HasSlot, OnClosed, Protocol, Reject, Slot};

use super::{PolicySwap, Swap};

/// A layer that is a plugin's instance: the current one, whichever that is.
///
/// For plugins that build a [`Layer`] from their config: a rate limit, an access check, a
/// `tower::ServiceBuilder` stack. A new generation takes over under live traffic; the service
/// inside stays. Without a generation, requests are rejected and the service inside is not
/// reached: it fails closed, unless [`on_closed`](Self::on_closed) says otherwise.
///
/// Within one middleware the instance's [`Layer::layer`] runs **once per generation**, and all
/// clones share what it returned, so state that it makes there (the semaphore of a concurrency
/// limit, the window of a rate limit) is shared as it would be without this layer. Beside the
/// current generation one other is remembered, on trial or kept to go back to; where more are kept,
/// one that is opened again may be wrapped anew.
///
/// ```
/// use std::convert::Infallible;
///
/// use bytes::Bytes;
/// use http::{HeaderName, HeaderValue, Request, Response};
/// use http_body_util::Full;
/// use tower::{ServiceBuilder, ServiceExt};
/// use tower::util::MapResponseLayer;
/// use tower_plugin_gate::{Generation, PluginState, Slot};
/// use tower_plugin_swap::SwapLayer;
///
/// type Reply = Response<Full<Bytes>>;
///
/// fn branding(server: &'static str) -> MapResponseLayer<impl Fn(Reply) -> Reply + Clone> {
///     MapResponseLayer::new(move |mut reply: Reply| {
///         let name = HeaderName::from_static("server");
///         reply.headers_mut().insert(name, HeaderValue::from_static(server));
///         reply
///     })
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Infallible> {
/// let slot = Slot::new("branding", PluginState::Loading);
/// slot.open(Generation::new(1, branding("one")));
/// let service = ServiceBuilder::new()
///     .layer(SwapLayer::new(&slot))
///     .service_fn(|_: Request<()>| async { Ok::<_, Infallible>(Reply::default()) });
///
/// let reply = service.clone().oneshot(Request::new(())).await?;
/// assert_eq!(reply.headers()["server"], "one");
/// slot.open(Generation::new(2, branding("two")));
/// let reply = service.oneshot(Request::new(())).await?;
/// assert_eq!(reply.headers()["server"], "two");
/// # Ok(()) }
/// ```
///
/// # In axum
///
/// `Router::layer` makes one middleware for each route, as it does of any layer: state that an
/// instance makes in `layer` is one per route, state that the instance itself holds is one for
/// all. Besides, axum applies a layer when the router gets its state. `axum::serve(listener,
/// router)` lets it do so for every connection; this does it once, for all of them:
///
/// ```
/// # use axum::{Router, routing::get};
/// # use tower_plugin_gate::{PluginState, Slot};
/// # use tower_plugin_swap::SwapLayer;
/// # let slot: Slot<tower::layer::util::Identity> = Slot::new("geo", PluginState::Loading);
/// let app: Router = Router::new()
///     .route("/", get(|| async { "hello" }))
///     .layer(SwapLayer::new(&slot))
///     .with_state(());
/// let service = app.into_make_service();
/// # drop(service);
/// ```
///
/// # Limits belong to one generation
///
/// A new generation starts to count from nothing, beside the old one that drains. A limit that
/// has to hold across a swap goes around this layer, not into the plugin. **This is wrong** where
/// no more than one request may ever be inside:
///
/// ```
/// # use bytes::Bytes;
/// # use http::{Request, Response};
/// # use http_body_util::Full;
/// # use tower::{Layer, Service, ServiceExt, limit::ConcurrencyLimitLayer};
/// # use tower_plugin_gate::{Generation, PluginState, Slot};
/// # use tower_plugin_swap::SwapLayer;
/// # use std::future::pending;
/// # type Reply = Result<Response<Full<Bytes>>, std::convert::Infallible>;
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), std::convert::Infallible> {
/// # let handler = tower::service_fn(|_: Request<()>| pending::<Reply>());
/// let slot = Slot::new("limit", PluginState::Loading);
/// let mut service = SwapLayer::new(&slot).layer(handler);
///
/// slot.open(Generation::new(1, ConcurrencyLimitLayer::new(1)));
/// let first = service.ready().await?.call(Request::new(()));
/// slot.open(Generation::new(2, ConcurrencyLimitLayer::new(1)));
/// let second = service.ready().await?.call(Request::new(()));
/// // Two at once: each generation has a limit of its own.
/// # drop((first, second));
/// # Ok(()) }
/// ```
///
/// `ServiceBuilder::new().concurrency_limit(1).layer(SwapLayer::new(&slot))` is right; so is an
/// instance that takes a limiter from outside, such as tower's `GlobalConcurrencyLimitLayer` with
/// a semaphore that the plugin itself keeps.
pub struct SwapLayer<L, P = Reject> {
    slot: Slot<L>,
    answer: Answer,
    policy: P,
}

impl<L: Send + Sync + 'static> SwapLayer<L> {
    /// A layer for HTTP services: without a generation it answers 503 with `Retry-After` and a
    /// small JSON body.
    #[must_use]
    pub fn new<H: HasSlot<Instance = L>>(plugin: &H) -> Self {
        Self::speaking(Protocol::Http, plugin)
    }

    /// A layer for gRPC services, as tonic builds them: what is answered in place of the service
    /// is status 14, `UNAVAILABLE`.
    ///
    /// ```
    /// # use std::convert::Infallible;
    /// # use bytes::Bytes;
    /// # use http::{Request, Response};
    /// # use http_body_util::Full;
    /// # use tower::{ServiceBuilder, ServiceExt, layer::util::Identity};
    /// use tower_plugin_gate::{PluginState, Slot};
    /// use tower_plugin_swap::SwapLayer;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Infallible> {
    /// let slot: Slot<Identity> = Slot::new("auth", PluginState::Disabled);
    /// let service = ServiceBuilder::new().layer(SwapLayer::grpc(&slot)).service_fn(
    ///     |_: Request<()>| async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())) },
    /// );
    /// let response = service.oneshot(Request::new(())).await?;
    /// assert_eq!(response.headers()["grpc-status"], "14");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn grpc<H: HasSlot<Instance = L>>(plugin: &H) -> Self {
        Self::speaking(Protocol::Grpc, plugin)
    }

    fn speaking<H: HasSlot<Instance = L>>(protocol: Protocol, plugin: &H) -> Self {
        Self {
            slot: plugin.slot().clone(),
            answer: Answer::new(protocol),
            policy: Reject,
        }
    }
}

impl<L, P> SwapLayer<L, P> {
    /// Says what becomes of requests while there is no generation. Default: they are rejected.
    ///
    /// With [`OnClosed::Bypass`] the layer fails open: the service inside is called without the
    /// middleware. So it has to take the same requests, and its errors have to be those of the
    /// middleware or convert into them; its response body may be another one.
    ///
    /// ```
    /// # use std::convert::Infallible;
    /// # use bytes::Bytes;
    /// # use http::{Request, Response};
    /// # use http_body_util::Full;
    /// # use tower::{ServiceBuilder, ServiceExt, layer::util::Identity};
    /// use tower_plugin_gate::{OnClosed, PluginState, Slot};
    /// use tower_plugin_swap::SwapLayer;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Infallible> {
    /// let slot: Slot<Identity> = Slot::new("tracing", PluginState::Failed);
    /// let layer = SwapLayer::new(&slot).on_closed(OnClosed::Bypass);
    /// let service = ServiceBuilder::new().layer(layer).service_fn(
    ///     |_: Request<()>| async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())) },
    /// );
    /// assert_eq!(service.oneshot(Request::new(())).await?.status(), 200);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn on_closed(self, policy: OnClosed) -> SwapLayer<L, OnClosed> {
        SwapLayer {
            slot: self.slot,
            answer: self.answer,
            policy,
        }
    }

    /// Sets the `Retry-After` of rejections, rounded up to whole seconds. Default: one second.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use tower::layer::util::Identity;
    /// use tower_plugin_gate::{PluginState, Slot};
    /// use tower_plugin_swap::SwapLayer;
    ///
    /// let slot: Slot<Identity> = Slot::new("auth", PluginState::Loading);
    /// let layer = SwapLayer::new(&slot).retry_after(Duration::from_secs(5));
    /// # drop(layer);
    /// ```
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.answer = self.answer.retry_after(after);
        self
    }

    /// Answers 500, or gRPC's `INTERNAL`, when the plugin's middleware or what is behind it
    /// panics. Default: the panic goes on to the server. Either way it is counted.
    #[must_use]
    pub fn catch_panics(mut self) -> Self {
        self.answer = self.answer.catch_panics();
        self
    }
}

impl<S, L> Layer<S> for SwapLayer<L>
where
    S: Clone + Send + 'static,
    L: Layer<S, Service: Clone + Send + Sync + 'static> + Send + Sync + 'static,
{
    type Service = Swap<S, L>;

    fn layer(&self, inner: S) -> Swap<S, L> {
        Swap::new(self.slot.clone(), inner, self.answer)
    }
}

impl<S, L> Layer<S> for SwapLayer<L, OnClosed>
where
    S: Clone + Send + 'static,
    L: Layer<S, Service: Clone + Send + Sync + 'static> + Send + Sync + 'static,
{
    type Service = PolicySwap<S, L>;

    fn layer(&self, inner: S) -> PolicySwap<S, L> {
        PolicySwap::new(self.slot.clone(), inner, self.answer, self.policy)
    }
}

impl<L, P: Clone> Clone for SwapLayer<L, P> {
    fn clone(&self) -> Self {
        Self {
            slot: self.slot.clone(),
            answer: self.answer,
            policy: self.policy.clone(),
        }
    }
}

impl<L, P: fmt::Debug> fmt::Debug for SwapLayer<L, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SwapLayer")
            .field("plugin", &self.slot.plugin())
            .field("answer", &self.answer)
            .field("policy", &self.policy)
            .finish()
    }
}
