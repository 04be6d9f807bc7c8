//! A plugin that panics takes its request with it, and nothing else.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use tokio_test::{assert_ready_ok, task};
use tower::{Layer, Service, ServiceExt};
use tower_plugin_swap::{SwapLayer, SwapService};

use crate::support::{Numbered, Stamp, open, request, swap};

#[derive(Clone, Copy, PartialEq)]
enum At {
    Ready,
    Call,
    Future,
    Body,
}

#[derive(Clone)]
struct Fragile(At);

struct Brittle(At);

impl Body for Brittle {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        assert!(self.0 != At::Body, "body");
        Poll::Ready(None)
    }
}

impl Service<Request<()>> for Fragile {
    type Response = Response<Brittle>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Brittle>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        assert!(self.0 != At::Ready, "ready");
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        let at = self.0;
        assert!(at != At::Call, "call");
        Box::pin(async move {
            assert!(at != At::Future, "future");
            Ok(Response::new(Brittle(at)))
        })
    }
}

/// Runs to the end of the body. `polled`: by a service that was ready, not by one whose
/// readiness the future awaits.
async fn run(mut service: SwapService<Fragile>, polled: bool) {
    use http_body_util::BodyExt;

    if polled {
        service.ready().await.unwrap();
    }
    let response = service.call(request()).await.unwrap();
    response.into_body().collect().await.unwrap();
}

#[tokio::test]
async fn panic_of_an_instance_leaves_nobody_inside_and_the_next_generation_serves() {
    for at in [At::Ready, At::Call, At::Future, At::Body] {
        for polled in [true, false] {
            let slot = open(Fragile(at));
            let panicked = tokio::spawn(run(SwapService::new(&slot), polled)).await;
            assert!(panicked.unwrap_err().is_panic());
            assert_eq!(slot.in_flight(), 0);
            let old = swap(&slot, Fragile(At::Future));
            assert!(old.gate().is_drained());
        }
    }
}

/// Makes a service that may panic while it is made, or dropped.
#[derive(Clone)]
struct Mine {
    stamp: Stamp,
    in_layer: bool,
    in_drop: bool,
}

struct Mined<S> {
    inner: S,
    in_drop: bool,
}

impl<S: Clone> Clone for Mined<S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            in_drop: false,
        }
    }
}

impl<S> Drop for Mined<S> {
    fn drop(&mut self) {
        assert!(!self.in_drop, "dropped");
    }
}

impl<S> Layer<S> for Mine {
    type Service = Mined<<Stamp as Layer<S>>::Service>;

    fn layer(&self, inner: S) -> Self::Service {
        assert!(!self.in_layer, "layer");
        Mined {
            inner: self.stamp.layer(inner),
            in_drop: self.in_drop,
        }
    }
}

impl<S: Service<Request<()>>> Service<Request<()>> for Mined<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<()>) -> S::Future {
        self.inner.call(request)
    }
}

#[test]
fn layer_that_panics_is_tried_again_and_the_next_generation_serves() {
    let mine = |in_layer| Mine {
        stamp: Stamp::new(1),
        in_layer,
        in_drop: false,
    };
    let slot = open(mine(true));
    let service = SwapLayer::new(&slot).layer(Numbered::new(0));
    for _ in 0..2 {
        let mut future = task::spawn(service.clone().oneshot(request()));
        catch_unwind(AssertUnwindSafe(|| future.poll())).unwrap_err();
    }
    assert_eq!(slot.in_flight(), 0);
    swap(&slot, mine(false));
    assert_ready_ok!(task::spawn(service.oneshot(request())).poll());
}

#[test]
fn middleware_that_panics_when_it_is_dropped_does_not_reach_whoever_swaps() {
    let mine = |in_drop| Mine {
        stamp: Stamp::new(1),
        in_layer: false,
        in_drop,
    };
    let slot = open(mine(true));
    let service = SwapLayer::new(&slot).layer(Numbered::new(0));
    assert_ready_ok!(task::spawn(service.clone().oneshot(request())).poll());
    let next = mine(false);
    let old = swap(&slot, next.clone());
    assert!(old.gate().is_closed());
    assert_ready_ok!(task::spawn(service.oneshot(request())).poll());
    assert_eq!(next.stamp.calls(), 1);
}
