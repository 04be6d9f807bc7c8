use std::fmt;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_layer::Layer;
use tower_plugin_gate::{Answer, BoxError, Closed, OnClosed, PolicyFuture, ResponseFuture, Slot};
use tower_service::Service;

use super::{BypassBody, PolicySwapFuture, Swap};
use crate::Oneshot;
use crate::live::Called;

/// [`Swap`] with a policy [`OnClosed`]: middleware of a [`SwapLayer`](super::SwapLayer) that was
/// given one.
///
/// ```
/// use tower::{Layer, layer::util::Identity};
/// use tower_plugin_gate::{OnClosed, PluginState, Slot};
/// use tower_plugin_swap::{PolicySwap, SwapLayer};
///
/// #[derive(Clone)]
/// struct Site;
///
/// let slot = Slot::new("geo", PluginState::Loading);
/// let layer = SwapLayer::new(&slot).on_closed(OnClosed::Bypass);
/// let swap: PolicySwap<Site, Identity> = layer.layer(Site);
/// # drop(swap);
/// ```
pub struct PolicySwap<S, L>
where
    S: Clone + Send + 'static,
    L: Layer<S, Service: Clone + Send + Sync + 'static> + Send + Sync + 'static,
{
    swap: Swap<S, L>,
    policy: OnClosed,
    /// The service inside, alone, while there is no generation to go through.
    bare: Option<Bare<S>>,
}

struct Bare<S> {
    service: S,
    /// Whether it was polled ready and has not been called since.
    ready: bool,
}

impl<S, L> PolicySwap<S, L>
where
    S: Clone + Send + 'static,
    L: Layer<S, Service: Clone + Send + Sync + 'static> + Send + Sync + 'static,
{
    pub(super) fn new(slot: Slot<L>, inner: S, answer: Answer, policy: OnClosed) -> Self {
        Self::with(Swap::new(slot, inner, answer), policy)
    }

    fn with(swap: Swap<S, L>, policy: OnClosed) -> Self {
        Self {
            swap,
            policy,
            bare: None,
        }
    }

    fn bypass<R>(&mut self, request: Request<R>) -> Oneshot<S, Request<R>>
    where
        S: Service<Request<R>>,
    {
        if let Some(bare) = &mut self.bare {
            if std::mem::take(&mut bare.ready) {
                return Oneshot::called(bare.service.call(request));
            }
        }
        Oneshot::waiting(self.swap.live.source().bare(), request)
    }
}

impl<S, L, R, B, I> Service<Request<R>> for PolicySwap<S, L>
where
    S: Service<Request<R>, Response = Response<I>> + Clone + Send + 'static,
    L: Layer<S, Service: Clone + Send + Sync + 'static> + Send + Sync + 'static,
    L::Service: Service<Request<R>, Response = Response<B>, Error: From<S::Error>>,
    B: Body<Error: Into<BoxError>>,
    I: Body<Data = B::Data, Error: Into<BoxError>>,
{
    type Response = Response<BypassBody<B, I>>;
    type Error = <L::Service as Service<Request<R>>>::Error;
    type Future = PolicySwapFuture<S, L, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        let mut kept = self.bare.take();
        let bare = &mut self.bare;
        let bypasses = self.policy == OnClosed::Bypass;
        // Kept only while it is of use: a service may reserve something by being ready.
        self.swap.live.poll_ready_or(cx, |shared, cx| {
            if !bypasses {
                return Poll::Ready(Ok(()));
            }
            let service = match kept.take().or_else(|| bare.take()) {
                Some(kept) => kept.service,
                None => shared.bare(),
            };
            let bare = bare.insert(Bare {
                service,
                ready: false,
            });
            let polled = bare.service.poll_ready(cx);
            bare.ready = matches!(polled, Poll::Ready(Ok(())));
            polled.map_err(Into::into)
        })
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        let answer = self.swap.live.answer_to(&request);
        let (rejected, request) = match self.swap.live.try_call(request, answer) {
            Called::Inside(future) => {
                self.bare = None;
                return PolicySwapFuture::wrapped(PolicyFuture::gated(future));
            }
            Called::Refused(rejected, request) => (rejected, request),
        };
        match self.policy.decide(self.swap.live.slot(), rejected) {
            Closed::Bypass(_) => PolicySwapFuture::bypassed(self.bypass(request)),
            Closed::Hold(held) => {
                PolicySwapFuture::wrapped(self.swap.live.held(held, request, answer))
            }
            Closed::Reject(rejected) => {
                let rejected = ResponseFuture::rejecting(request, rejected, answer);
                PolicySwapFuture::wrapped(PolicyFuture::gated(rejected))
            }
        }
    }
}

impl<S, L> Clone for PolicySwap<S, L>
where
    S: Clone + Send + 'static,
    L: Layer<S, Service: Clone + Send + Sync + 'static> + Send + Sync + 'static,
{
    fn clone(&self) -> Self {
        Self::with(self.swap.clone(), self.policy)
    }
}

impl<S, L> fmt::Debug for PolicySwap<S, L>
where
    S: Clone + Send + 'static,
    L: Layer<S, Service: Clone + Send + Sync + 'static> + Send + Sync + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicySwap")
            .field("swap", &self.swap)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
