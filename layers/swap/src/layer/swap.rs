use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_layer::Layer;
use tower_plugin_gate::{Answer, ResponseBody, ResponseFuture, Slot};
use tower_service::Service;

use super::shared::Shared;
use crate::Oneshot;
use crate::live::Live;

/// Middleware of [`SwapLayer`](super::SwapLayer): an inner service `S`, wrapped by the current
/// instance, an `L`.
///
/// Its clones share what the instance made of the inner service, which is let go of as soon as
/// the plugin's slot changes; only requests that are inside keep it. As with
/// [`SwapService`](crate::SwapService), a clone that is used, then left idle, keeps its own clone
/// until it is used again or dropped; a clone that is only ever cloned, as under hyper, axum and
/// tonic, keeps nothing.
///
/// ```
/// use tower::{Layer, layer::util::Identity};
/// use tower_plugin_gate::{PluginState, Slot};
/// use tower_plugin_swap::{Swap, SwapLayer};
///
/// #[derive(Clone)]
/// struct Site;
///
/// let slot = Slot::new("geo", PluginState::Loading);
/// let swap: Swap<Site, Identity> = SwapLayer::new(&slot).layer(Site);
/// # drop(swap);
/// ```
///
/// Bounds: the instance outlives any one thread and so does what it makes, hence `Send`, `Sync`
/// and `'static`, as axum and tonic ask of every middleware. Of the inner service only `Clone` and
/// `Send` are asked.
pub struct Swap<S, L>
where
    S: Clone + Send + 'static,
    L: Layer<S, Service: Clone + Send + Sync + 'static> + Send + Sync + 'static,
{
    pub(super) live: Live<Arc<Shared<S, L>>>,
}

impl<S, L> Swap<S, L>
where
    S: Clone + Send + 'static,
    L: Layer<S, Service: Clone + Send + Sync + 'static> + Send + Sync + 'static,
{
    pub(super) fn new(slot: Slot<L>, inner: S, answer: Answer) -> Self {
        Self {
            live: Live::with_answer(Shared::new(slot, inner), answer),
        }
    }
}

impl<S, L, R, B> Service<Request<R>> for Swap<S, L>
where
    S: Clone + Send + 'static,
    L: Layer<S, Service: Clone + Send + Sync + 'static> + Send + Sync + 'static,
    L::Service: Service<Request<R>, Response = Response<B>>,
    B: Body,
{
    type Response = Response<ResponseBody<B>>;
    type Error = <L::Service as Service<Request<R>>>::Error;
    type Future = ResponseFuture<Oneshot<L::Service, Request<R>>>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.live.poll_ready(cx)
    }

    // See `is_plain`.
    #[inline(never)]
    fn call(&mut self, request: Request<R>) -> Self::Future {
        self.live.call(request)
    }
}

impl<S, L> Clone for Swap<S, L>
where
    S: Clone + Send + 'static,
    L: Layer<S, Service: Clone + Send + Sync + 'static> + Send + Sync + 'static,
{
    fn clone(&self) -> Self {
        Self {
            live: self.live.clone(),
        }
    }
}

impl<S, L> fmt::Debug for Swap<S, L>
where
    S: Clone + Send + 'static,
    L: Layer<S, Service: Clone + Send + Sync + 'static> + Send + Sync + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Swap").field("live", &self.live).finish()
    }
}
