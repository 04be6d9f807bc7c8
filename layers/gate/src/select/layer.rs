use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tower_layer::Layer;

use super::{OnUnselected, PluginSet, SelectService};
use crate::{Answer, OnClosed, Protocol, Reject};

/// Gates an HTTP service behind that one of several plugins which the request is for.
///
/// As [`PluginLayer`](crate::PluginLayer), with the plugin chosen for each request: one layer on
/// a whole router gates many plugins, and draining one of them concerns its own requests alone.
/// Choosing allocates nothing.
///
/// The service behind is polled ready before there is a request to choose by. So, unlike with
/// [`PluginLayer`](crate::PluginLayer), requests for a plugin that is closed wait for the service
/// to be ready before they are rejected.
///
/// ```
/// use std::convert::Infallible;
///
/// use bytes::Bytes;
/// use http::{Request, Response, StatusCode};
/// use http_body_util::Full;
/// use tower::{ServiceBuilder, ServiceExt};
/// use tower_plugin_gate::{Generation, PathSegment, PluginSet, PluginState, SelectLayer, Slot};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Infallible> {
/// let geo = Slot::new("geo", PluginState::Loading);
/// geo.open(Generation::new(1, "instances may be"));
/// let limit = Slot::<u64>::new("limit", PluginState::Disabled); // of different types
///
/// let plugins = PluginSet::new().with(&geo).with(&limit);
/// let service = ServiceBuilder::new().layer(SelectLayer::new(PathSegment(0), plugins)).service_fn(
///     |_: Request<()>| async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())) },
/// );
///
/// for (path, status) in [
///     ("/geo/lookup", StatusCode::OK),
///     ("/limit", StatusCode::SERVICE_UNAVAILABLE),
///     ("/other", StatusCode::NOT_FOUND),
///     ("/", StatusCode::OK),
/// ] {
///     let request = Request::get(path).body(()).expect("a request");
///     assert_eq!(service.clone().oneshot(request).await?.status(), status, "{path}");
/// }
/// # Ok(()) }
/// ```
pub struct SelectLayer<K, P = Reject> {
    selection: Arc<Selection<K>>,
    settings: Settings,
    policy: P,
}

pub(super) struct Selection<K> {
    pub(super) selector: K,
    pub(super) plugins: PluginSet,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) answer: Answer,
    pub(super) on_unknown: OnUnselected,
    pub(super) on_unnamed: OnUnselected,
}

impl<K> SelectLayer<K> {
    /// A layer for HTTP services that takes from `plugins` the one whose name `selector` finds.
    #[must_use]
    pub fn new(selector: K, plugins: PluginSet) -> Self {
        Self::speaking(Protocol::Http, selector, plugins)
    }

    /// A layer for gRPC services, as tonic builds them.
    #[must_use]
    pub fn grpc(selector: K, plugins: PluginSet) -> Self {
        Self::speaking(Protocol::Grpc, selector, plugins)
    }

    fn speaking(protocol: Protocol, selector: K, plugins: PluginSet) -> Self {
        Self {
            selection: Arc::new(Selection { selector, plugins }),
            settings: Settings {
                answer: Answer::new(protocol),
                on_unknown: OnUnselected::NotFound,
                on_unnamed: OnUnselected::PassThrough,
            },
            policy: Reject,
        }
    }
}

impl<K, P> SelectLayer<K, P> {
    /// Says what becomes of a request with a name that is no plugin's. Default:
    /// [`OnUnselected::NotFound`].
    #[must_use]
    pub fn on_unknown(mut self, then: OnUnselected) -> Self {
        self.settings.on_unknown = then;
        self
    }

    /// Says what becomes of a request in which the selector finds no name. Default:
    /// [`OnUnselected::PassThrough`], since it is for no plugin.
    ///
    /// ```
    /// use http::HeaderName;
    /// use tower_plugin_gate::{Header, OnUnselected, PluginSet, SelectLayer};
    ///
    /// // Nobody gets past the plugins by leaving the header out.
    /// let by_header = Header(HeaderName::from_static("x-plugin"));
    /// let layer = SelectLayer::new(by_header, PluginSet::new()).on_unnamed(OnUnselected::NotFound);
    /// # drop(layer);
    /// ```
    #[must_use]
    pub fn on_unnamed(mut self, then: OnUnselected) -> Self {
        self.settings.on_unnamed = then;
        self
    }

    /// Says what becomes of requests whose plugin is closed. Default: they are rejected.
    ///
    /// As with [`PluginLayer::on_closed`](crate::PluginLayer::on_closed), the service behind has
    /// to be [`Clone`] then.
    #[must_use]
    pub fn on_closed(self, policy: OnClosed) -> SelectLayer<K, OnClosed> {
        SelectLayer {
            selection: self.selection,
            settings: self.settings,
            policy,
        }
    }

    /// Sets the `Retry-After` of rejections, rounded up to whole seconds. Default: one second.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.settings.answer = self.settings.answer.retry_after(after);
        self
    }
}

impl<S, K, P: Clone> Layer<S> for SelectLayer<K, P> {
    type Service = SelectService<S, K, P>;

    fn layer(&self, inner: S) -> SelectService<S, K, P> {
        let selection = Arc::clone(&self.selection);
        SelectService::new(inner, selection, self.settings, self.policy.clone())
    }
}

impl<K, P: Clone> Clone for SelectLayer<K, P> {
    fn clone(&self) -> Self {
        Self {
            selection: Arc::clone(&self.selection),
            settings: self.settings,
            policy: self.policy.clone(),
        }
    }
}

impl<K, P: fmt::Debug> fmt::Debug for SelectLayer<K, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SelectLayer")
            .field("plugins", &self.selection.plugins)
            .field("settings", &self.settings)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
