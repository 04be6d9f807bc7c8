use std::any::Any;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::{Method, Request, Response};
use http_body::Body;
use http_body_util::Full;
use tower::{ServiceBuilder, ServiceExt as _, service_fn};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::{DefaultOnFailure, TraceLayer};
use tower_http::validate_request::ValidateRequestHeaderLayer;
use tower_service::Service;

use super::builder::Options;
use super::guard::{Access, AuthGuard, HostGuard, Hosts, origin_guard};
use super::handle::Handler;
use super::problem::{Form, Problem};
use super::respond::finish;
use super::{AdminBody, AdminServiceBuilder, route};
use crate::{BoxError, PluginManager};

/// Reads and changes a [`PluginManager`]'s plugins over HTTP: the [endpoints](super).
///
/// A plain tower service over any request body, never failing, cheap to clone: nest it in axum,
/// give it to hyper, or to [`serve`](super::serve()).
///
/// ```
/// use http::Request;
/// use http_body_util::{BodyExt, Full};
/// use tower::ServiceExt;
/// use tower_plugin::admin::AdminService;
/// use tower_plugin::{BoxError, PluginManager};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
/// let admin = AdminService::builder(PluginManager::new()).bearer_token("t0ken").build();
/// let request = Request::get("http://localhost/plugins/list")
///     .header("authorization", "Bearer t0ken")
///     .body(Full::<bytes::Bytes>::default())?;
/// let response = admin.oneshot(request).await?;
/// assert_eq!(response.status(), 200);
/// let list: serde_json::Value =
///     serde_json::from_slice(&response.into_body().collect().await?.to_bytes())?;
/// assert_eq!(list["total_count"], 0);
/// # Ok(()) }
/// ```
///
/// In axum, under a path of its own:
///
/// ```
/// use axum::Router;
/// # use tower_plugin::PluginManager;
/// # use tower_plugin::admin::AdminService;
/// # let admin = AdminService::builder(PluginManager::new()).bearer_token("t").build();
/// let app: Router = Router::new().nest_service("/admin", admin);
/// ```
#[derive(Clone)]
pub struct AdminService {
    hosts: Arc<Hosts>,
    access: Arc<Access>,
    handler: Handler,
}

impl AdminService {
    /// A service over the manager's plugins; say next who may use it.
    pub fn builder(manager: PluginManager) -> AdminServiceBuilder {
        AdminServiceBuilder::new(manager)
    }

    /// Every method and path that is answered, relative to where the service is mounted; `{id}`
    /// stands for one segment. For the rules of a firewall, or to check a description against.
    ///
    /// ```
    /// use http::Method;
    /// use tower_plugin::admin::AdminService;
    ///
    /// assert!(AdminService::endpoints().any(|(method, path)| {
    ///     method == Method::POST && path == "/plugins/reload"
    /// }));
    /// ```
    pub fn endpoints() -> impl Iterator<Item = (Method, &'static str)> {
        route::all()
    }

    pub(super) fn new(options: Options, access: Access) -> Self {
        let Options {
            manager,
            hosts,
            limits,
            requires_if_match,
            mounted_at,
        } = options;
        Self {
            hosts: Arc::new(hosts),
            access: Arc::new(access),
            handler: Handler {
                manager,
                limits,
                requires_if_match,
                mounted_at,
            },
        }
    }

    /// The whole of it for one kind of request body. The guards stand in the order in which a
    /// request meets them.
    fn stack<B>(
        &self,
    ) -> impl Service<
        Request<B>,
        Response = Response<
            impl Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static + use<B>,
        >,
        Error = Infallible,
        Future: Send,
    > + Send
    + use<B>
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let handler = self.handler.clone();
        ServiceBuilder::new()
            // A 5xx is the plugin's failure more often than ours, and logged with the operation.
            .layer(
                TraceLayer::new_for_http()
                    .on_failure(DefaultOnFailure::new().level(tracing::Level::DEBUG)),
            )
            .layer(set_header(CACHE_CONTROL, "no-store"))
            .layer(set_header(X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(ValidateRequestHeaderLayer::custom(HostGuard::new(
                Arc::clone(&self.hosts),
            )))
            .layer(origin_guard())
            .layer(ValidateRequestHeaderLayer::custom(AuthGuard::new(
                Arc::clone(&self.access),
            )))
            .service(service_fn(move |request| handler.clone().handle(request)))
    }
}

fn set_header(name: http::HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}

fn panicked(_: Box<dyn Any + Send>) -> Response<Full<Bytes>> {
    tracing::error!("the admin service panicked");
    Problem::internal().into_response()
}

impl<B> Service<Request<B>> for AdminService
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    type Response = Response<AdminBody>;
    type Error = Infallible;
    type Future = AdminFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> AdminFuture {
        let form = Form::accepted(request.headers());
        let is_head = request.method() == Method::HEAD;
        let answer = self.stack().oneshot(request);
        AdminFuture {
            inner: Box::pin(async move { Ok(finish(answer.await?, form, is_head)) }),
        }
    }
}

impl fmt::Debug for AdminService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminService")
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

/// Response future of an [`AdminService`].
///
/// Dropping it ends nothing: an operation that has begun goes on to its end.
#[must_use = "futures do nothing unless polled"]
pub struct AdminFuture {
    inner: Pin<Box<dyn Future<Output = Result<Response<AdminBody>, Infallible>> + Send>>,
}

impl Future for AdminFuture {
    type Output = Result<Response<AdminBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.inner.as_mut().poll(cx)
    }
}

impl fmt::Debug for AdminFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminFuture").finish_non_exhaustive()
    }
}
