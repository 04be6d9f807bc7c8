use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::BypassBody;
use super::shared::Shared;
use crate::Oneshot;
use crate::live::LiveFuture;

pin_project! {
    /// Future of [`PolicySwap`](super::PolicySwap).
    #[must_use = "futures do nothing unless polled"]
    pub struct PolicySwapFuture<S, L, R>
    where
        S: Service<Request<R>>,
        S: Clone,
        S: Send,
        S: 'static,
        L: Layer<S>,
        L: Send,
        L: Sync,
        L: 'static,
        L::Service: Service<Request<R>>,
        L::Service: Clone,
        L::Service: Send,
        L::Service: Sync,
        L::Service: 'static,
    {
        #[pin]
        state: State<LiveFuture<Arc<Shared<S, L>>, R>, Oneshot<S, Request<R>>>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<W, I> {
        Wrapped {
            #[pin]
            future: W,
        },
        Bypassed {
            #[pin]
            future: I,
        },
    }
}

impl<S, L, R> PolicySwapFuture<S, L, R>
where
    S: Service<Request<R>> + Clone + Send + 'static,
    L: Layer<S> + Send + Sync + 'static,
    L::Service: Service<Request<R>> + Clone + Send + Sync + 'static,
{
    pub(super) fn wrapped(future: LiveFuture<Arc<Shared<S, L>>, R>) -> Self {
        Self {
            state: State::Wrapped { future },
        }
    }

    pub(super) fn bypassed(future: Oneshot<S, Request<R>>) -> Self {
        Self {
            state: State::Bypassed { future },
        }
    }
}

impl<S, L, R, B, I> Future for PolicySwapFuture<S, L, R>
where
    S: Service<Request<R>, Response = Response<I>> + Clone + Send + 'static,
    L: Layer<S> + Send + Sync + 'static,
    L::Service: Service<Request<R>, Response = Response<B>, Error: From<S::Error>>
        + Clone
        + Send
        + Sync
        + 'static,
    B: Body,
{
    type Output = Result<Response<BypassBody<B, I>>, <L::Service as Service<Request<R>>>::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match self.project().state.project() {
            StateProj::Wrapped { future } => {
                ready!(future.poll(cx)).map(|response| response.map(BypassBody::wrapped))
            }
            StateProj::Bypassed { future } => match ready!(future.poll(cx)) {
                Ok(response) => Ok(response.map(BypassBody::bypassed)),
                Err(error) => Err(error.into()),
            },
        })
    }
}

impl<S, L, R> fmt::Debug for PolicySwapFuture<S, L, R>
where
    S: Service<Request<R>> + Clone + Send + 'static,
    L: Layer<S> + Send + Sync + 'static,
    L::Service: Service<Request<R>> + Clone + Send + Sync + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.state {
            State::Wrapped { future } => future.fmt(f),
            State::Bypassed { future } => future.fmt(f),
        }
    }
}
