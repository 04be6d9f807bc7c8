use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tower_service::Service;

use crate::{Client, Site, Work};

pub(super) fn around(site: Site) -> Box<dyn Work> {
    Box::new(Client::new(ByHand::new(site), ()))
}

struct Generation<S> {
    service: S,
    inside: AtomicUsize,
    closed: AtomicBool,
    empty: Notify,
    token: CancellationToken,
}

/// What a careful user would write with arc-swap, an atomic, a token, and a guard in the body:
/// it gates, counts to the end of the body, cancels and swaps. It waits for the token only once
/// the service was pending.
pub struct ByHand<S> {
    current: Arc<ArcSwap<Generation<S>>>,
}

impl<S> Clone for ByHand<S> {
    fn clone(&self) -> Self {
        Self {
            current: Arc::clone(&self.current),
        }
    }
}

impl<S> ByHand<S> {
    /// Around `service`.
    pub fn new(service: S) -> Self {
        Self {
            current: Arc::new(ArcSwap::from_pointee(Generation::new(service))),
        }
    }

    /// Puts another service in; returns once nobody is in the old one any more.
    pub async fn swap(&self, service: S) {
        let old = self.current.swap(Arc::new(Generation::new(service)));
        let empty = old.empty.notified();
        old.closed.store(true, SeqCst);
        if old.inside.load(SeqCst) > 0 {
            empty.await;
        }
    }
}

impl<S> Generation<S> {
    fn new(service: S) -> Self {
        Self {
            service,
            inside: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            empty: Notify::new(),
            token: CancellationToken::new(),
        }
    }
}

/// Counts one inside until it drops.
struct Inside<S>(Arc<Generation<S>>);

impl<S> Inside<S> {
    fn enter(generation: Arc<Generation<S>>) -> Option<Self> {
        generation.inside.fetch_add(1, SeqCst);
        let inside = Self(generation);
        (!inside.0.closed.load(SeqCst)).then_some(inside)
    }
}

impl<S> Drop for Inside<S> {
    fn drop(&mut self) {
        if self.0.inside.fetch_sub(1, SeqCst) == 1 && self.0.closed.load(SeqCst) {
            self.0.empty.notify_waiters();
        }
    }
}

impl<S, R, B> Service<Request<R>> for ByHand<S>
where
    S: Service<Request<R>, Response = Response<B>> + Clone,
    B: Body,
{
    type Response = Response<HandBody<B, S>>;
    type Error = S::Error;
    type Future = HandFuture<S::Future, S>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        // The service is chosen in `call`; those here are always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        let inside = loop {
            // Whoever finds it closed finds another one in its place.
            if let Some(inside) = Inside::enter(self.current.load_full()) {
                break inside;
            }
        };
        HandFuture {
            future: inside.0.service.clone().call(request),
            cancelled: None,
            inside: Some(inside),
        }
    }
}

pin_project! {
    /// Future of [`ByHand`].
    pub struct HandFuture<F, S> {
        #[pin]
        future: F,
        #[pin]
        cancelled: Option<WaitForCancellationFutureOwned>,
        inside: Option<Inside<S>>,
    }
}

fn poll_cancelled<S>(
    mut cancelled: Pin<&mut Option<WaitForCancellationFutureOwned>>,
    inside: &Inside<S>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    if cancelled.is_none() {
        cancelled.set(Some(inside.0.token.clone().cancelled_owned()));
    }
    cancelled.as_pin_mut().expect("it was just made").poll(cx)
}

impl<F, S, B, E> Future for HandFuture<F, S>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<HandBody<B, S>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = match this.future.poll(cx) {
            Poll::Ready(response) => response?.map(Some),
            Poll::Pending => {
                let inside = this.inside.as_ref().expect("polled after completion");
                if poll_cancelled(this.cancelled, inside, cx).is_pending() {
                    return Poll::Pending;
                }
                let mut response = Response::new(None);
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                response
            }
        };
        let inside = this.inside.take();
        Poll::Ready(Ok(response.map(|body| HandBody {
            body,
            cancelled: None,
            inside,
        })))
    }
}

pin_project! {
    /// Body of [`ByHand`].
    pub struct HandBody<B, S> {
        #[pin]
        body: Option<B>,
        #[pin]
        cancelled: Option<WaitForCancellationFutureOwned>,
        inside: Option<Inside<S>>,
    }
}

impl<B, S> Body for HandBody<B, S>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.project();
        let Some(body) = this.body.as_pin_mut() else {
            return Poll::Ready(None);
        };
        match body.poll_frame(cx) {
            Poll::Ready(frame) => {
                if frame.is_none() {
                    *this.inside = None;
                }
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => match this.inside {
                Some(inside) if poll_cancelled(this.cancelled, inside, cx).is_ready() => {
                    *this.inside = None;
                    Poll::Ready(Some(Err("the request was cancelled".into())))
                }
                _ => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(SizeHint::default, Body::size_hint)
    }
}
