use std::fmt;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use tower_plugin_gate::{HasSlot, OnClosed, Protocol, Reject, ResponseBody, ResponseFuture};
use tower_service::Service;

use super::source::Instance;
use crate::Oneshot;
use crate::live::Live;

/// A service that is a plugin's instance: the current one, whichever that is.
///
/// Each clone of it keeps a clone of the instance it last used, polls that one's readiness, and
/// enters that one's generation when it is called. Where a swap has closed the generation in
/// between, the request goes to the next one, which is awaited to be ready first; **a swap alone
/// never rejects**. While there is no generation, requests are answered 503 with `Retry-After`
/// and a small JSON body. A request is inside until its response body ends, and one to upgrade
/// carries a [`Lease`](tower_plugin_gate::Lease), as with
/// [`PluginLayer`](tower_plugin_gate::PluginLayer).
///
/// Errors are the instance's own, so an infallible instance makes an infallible service, as
/// axum's `nest_service` and `route_service` want it.
///
/// ```
/// use std::convert::Infallible;
/// use std::future::{Ready, ready};
/// use std::task::{Context, Poll};
///
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::{BodyExt, Full};
/// use tower::{Service, ServiceExt};
/// use tower_plugin_gate::{Generation, PluginState, Slot};
/// use tower_plugin_swap::SwapService;
///
/// #[derive(Clone)]
/// struct Motd(&'static str);
///
/// impl<B> Service<Request<B>> for Motd {
///     type Response = Response<Full<Bytes>>;
///     type Error = Infallible;
///     type Future = Ready<Result<Self::Response, Infallible>>;
///
///     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
///         Poll::Ready(Ok(()))
///     }
///
///     fn call(&mut self, _: Request<B>) -> Self::Future {
///         ready(Ok(Response::new(Full::from(self.0))))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let slot = Slot::new("motd", PluginState::Loading);
/// slot.open(Generation::new(1, Motd("be kind")));
///
/// let service = SwapService::new(&slot);
/// slot.open(Generation::new(2, Motd("be kinder")));
/// let response = service.oneshot(Request::new(())).await.expect("infallible");
/// let body = response.into_body().collect().await.expect("a whole body").to_bytes();
/// assert_eq!(body, "be kinder");
/// # }
/// ```
///
/// # Limits belong to one generation
///
/// What the instance counts starts from nothing with each generation. A limit that has to hold
/// *across* a swap, while the old generation still drains, goes around the service. **This is
/// wrong** where the database takes one connection and no more:
///
/// ```
/// # use bytes::Bytes;
/// # use http::{Request, Response};
/// # use http_body_util::Full;
/// # use tower::{Service, ServiceExt, limit::ConcurrencyLimit, util::BoxCloneSyncService};
/// # use tower_plugin_gate::{Generation, PluginState, Slot};
/// # use tower_plugin_swap::SwapService;
/// # use std::future::pending;
/// # type Query = BoxCloneSyncService<Request<()>, Response<Full<Bytes>>, tower::BoxError>;
/// # fn query() -> Query { BoxCloneSyncService::new(tower::service_fn(|_| pending())) }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower::BoxError> {
/// let slot = Slot::new("query", PluginState::Loading);
/// let mut service = SwapService::new(&slot);
///
/// slot.open(Generation::new(1, ConcurrencyLimit::new(query(), 1)));
/// let first = service.ready().await?.call(Request::new(()));
/// slot.open(Generation::new(2, ConcurrencyLimit::new(query(), 1)));
/// let second = service.ready().await?.call(Request::new(()));
/// // Two connections: each generation has a limit of its own.
/// # drop((first, second));
/// # Ok(()) }
/// ```
///
/// This is right:
///
/// ```
/// # use bytes::Bytes;
/// # use http::{Request, Response};
/// # use http_body_util::Full;
/// # use tower::{Service, ServiceExt, limit::ConcurrencyLimit, util::BoxCloneSyncService};
/// # use tower_plugin_gate::{Generation, PluginState, Slot};
/// # use tower_plugin_swap::SwapService;
/// # use std::future::pending;
/// # type Query = BoxCloneSyncService<Request<()>, Response<Full<Bytes>>, tower::BoxError>;
/// # fn query() -> Query { BoxCloneSyncService::new(tower::service_fn(|_| pending())) }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower::BoxError> {
/// let slot = Slot::new("query", PluginState::Loading);
/// let mut service = ConcurrencyLimit::new(SwapService::new(&slot), 1);
///
/// slot.open(Generation::new(1, query()));
/// let first = service.ready().await?.call(Request::new(()));
/// slot.open(Generation::new(2, query()));
/// let mut second = tokio_test::task::spawn(service.ready());
/// assert!(second.poll().is_pending(), "the first still has the connection");
/// # drop(second); drop(first);
/// # Ok(()) }
/// ```
///
/// # What a clone holds on to
///
/// A clone that was used keeps its clone of the instance until it is used again or dropped, also
/// after a swap. hyper, axum and tonic clone a service for each request, and a clone starts
/// without an instance, so under them nothing old is kept.
pub struct SwapService<S: Clone + Send + Sync + 'static, P = Reject> {
    pub(super) live: Live<Instance<S>>,
    pub(super) policy: P,
}

impl<S: Clone + Send + Sync + 'static> SwapService<S> {
    /// A service for HTTP: without a generation it answers 503.
    #[must_use]
    pub fn new<H: HasSlot<Instance = S>>(plugin: &H) -> Self {
        Self::speaking(Protocol::Http, plugin)
    }

    /// A service for gRPC: what is answered in place of the instance is status 14,
    /// `UNAVAILABLE`.
    ///
    /// ```
    /// # use std::convert::Infallible;
    /// # use bytes::Bytes;
    /// # use http::{Request, Response, StatusCode};
    /// # use http_body_util::Full;
    /// # use tower::{ServiceExt, util::BoxCloneSyncService};
    /// use tower_plugin_gate::{PluginState, Slot};
    /// use tower_plugin_swap::SwapService;
    ///
    /// # type Routes = BoxCloneSyncService<Request<()>, Response<Full<Bytes>>, Infallible>;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Infallible> {
    /// let slot: Slot<Routes> = Slot::new("routes", PluginState::Disabled);
    /// let response = SwapService::grpc(&slot).oneshot(Request::new(())).await?;
    /// assert_eq!(response.status(), StatusCode::OK);
    /// assert_eq!(response.headers()["grpc-status"], "14");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn grpc<H: HasSlot<Instance = S>>(plugin: &H) -> Self {
        Self::speaking(Protocol::Grpc, plugin)
    }

    fn speaking<H: HasSlot<Instance = S>>(protocol: Protocol, plugin: &H) -> Self {
        Self {
            live: Live::new(Instance(plugin.slot().clone()), protocol),
            policy: Reject,
        }
    }
}

impl<S: Clone + Send + Sync + 'static, P> SwapService<S, P> {
    /// Says what becomes of requests while there is no generation. Default: they are rejected,
    /// as they are with [`OnClosed::Bypass`]: there is nothing to call but the plugin.
    ///
    /// ```
    /// # use std::convert::Infallible;
    /// # use std::time::Duration;
    /// # use bytes::Bytes;
    /// # use http::{Request, Response};
    /// # use http_body_util::Full;
    /// # use tower::{ServiceExt, util::BoxCloneSyncService};
    /// use tower_plugin_gate::{Generation, OnClosed, PluginState, Slot};
    /// use tower_plugin_swap::SwapService;
    ///
    /// # type Pages = BoxCloneSyncService<Request<()>, Response<Full<Bytes>>, Infallible>;
    /// # fn pages() -> Pages {
    /// #     BoxCloneSyncService::new(tower::service_fn(|_| async { Ok(Response::default()) }))
    /// # }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Infallible> {
    /// let slot: Slot<Pages> = Slot::new("pages", PluginState::Loading);
    /// let hold = OnClosed::Hold { max_wait: Duration::from_secs(5), max_held: 1000 };
    /// let service = SwapService::new(&slot).on_closed(hold);
    ///
    /// let request = tokio::spawn(service.oneshot(Request::new(())));
    /// tokio::task::yield_now().await;
    /// assert_eq!(slot.held(), 1);
    /// slot.open(Generation::new(1, pages()));
    /// assert_eq!(request.await.expect("no panic")?.status(), 200);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn on_closed(self, policy: OnClosed) -> SwapService<S, OnClosed> {
        SwapService {
            live: self.live,
            policy,
        }
    }

    /// Sets the `Retry-After` of rejections, rounded up to whole seconds. Default: one second.
    ///
    /// ```
    /// # use std::convert::Infallible;
    /// # use bytes::Bytes;
    /// # use http::{Request, Response};
    /// # use http_body_util::Full;
    /// # use tower::{ServiceExt, util::BoxCloneSyncService};
    /// use std::time::Duration;
    /// use tower_plugin_gate::{PluginState, Slot};
    /// use tower_plugin_swap::SwapService;
    ///
    /// # type Pages = BoxCloneSyncService<Request<()>, Response<Full<Bytes>>, Infallible>;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Infallible> {
    /// let slot: Slot<Pages> = Slot::new("pages", PluginState::Disabled);
    /// let service = SwapService::new(&slot).retry_after(Duration::from_millis(2500));
    /// let response = service.oneshot(Request::new(())).await?;
    /// assert_eq!(response.headers()["retry-after"], "3");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn retry_after(self, after: Duration) -> Self {
        Self {
            live: self.live.retry_after(after),
            policy: self.policy,
        }
    }

    /// Answers 500, or gRPC's `INTERNAL`, when the plugin's service panics. Default: the panic goes
    /// on to the server. Either way it is counted.
    #[must_use]
    pub fn catch_panics(self) -> Self {
        Self {
            live: self.live.catch_panics(),
            policy: self.policy,
        }
    }
}

impl<S, R, B> Service<Request<R>> for SwapService<S>
where
    S: Service<Request<R>, Response = Response<B>> + Clone + Send + Sync + 'static,
    B: Body,
{
    type Response = Response<ResponseBody<B>>;
    type Error = S::Error;
    type Future = ResponseFuture<Oneshot<S, Request<R>>>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.live.poll_ready(cx)
    }

    // See `is_plain`.
    #[inline(never)]
    fn call(&mut self, request: Request<R>) -> Self::Future {
        self.live.call(request)
    }
}

impl<S: Clone + Send + Sync + 'static, P: Clone> Clone for SwapService<S, P> {
    fn clone(&self) -> Self {
        Self {
            live: self.live.clone(),
            policy: self.policy.clone(),
        }
    }
}

impl<S: Clone + Send + Sync + 'static, P: fmt::Debug> fmt::Debug for SwapService<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SwapService")
            .field("live", &self.live)
            .field("policy", &self.policy)
            .finish()
    }
}
