use std::convert::Infallible;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tokio_test::{assert_pending, assert_ready, assert_ready_ok, task};
use tower::layer::util::Identity;
use tower::{BoxError, Layer, Service, ServiceExt};
use tower_plugin_gate::{Generation, OnClosed, PluginState, Slot};
use tower_plugin_swap::{PolicySwap, SwapLayer};
use tower_test::mock;

use crate::support::{Handle, MockService, Numbered, Stamp, mocked, open, reply, request, send};

type Bypassing = mock::Spawn<PolicySwap<MockService, Identity>>;

fn bypassing(slot: &Slot<Identity>) -> (Bypassing, Handle) {
    let (inner, handle) = mocked();
    let service = SwapLayer::new(slot)
        .on_closed(OnClosed::Bypass)
        .layer(inner);
    (mock::Spawn::new(service), handle)
}

fn disabled<T: Send + Sync + 'static>() -> Slot<T> {
    Slot::new("geo", PluginState::Disabled)
}

#[tokio::test]
async fn service_inside_is_called_without_the_middleware_and_with_it_again() {
    let slot = open(Stamp::new(1));
    let inner = Numbered::new(0);
    let layer = SwapLayer::new(&slot).on_closed(OnClosed::Bypass);
    let mut service = layer.layer(inner.clone());
    assert_eq!(send(&mut service).await.status(), 200);
    let stamp = slot.close(PluginState::Failed).unwrap();
    for _ in 0..2 {
        let response = send(&mut service).await;
        assert_eq!(response.status(), 200);
        assert_eq!(
            response.into_body().collect().await.unwrap().to_bytes(),
            "hello"
        );
    }
    assert_eq!((stamp.instance().calls(), inner.calls()), (1, 3));
    let next = Stamp::new(2);
    slot.open(Generation::new(2, next.clone()));
    assert_eq!(send(&mut service).await.status(), 200);
    assert_eq!((next.calls(), inner.calls()), (1, 4));
}

#[test]
fn service_inside_is_not_called_before_it_is_ready() {
    let slot = disabled();
    let (mut service, mut handle) = bypassing(&slot);
    assert_pending!(service.poll_ready::<Request<()>>());
    handle.allow(1);
    assert!(service.is_woken());
    assert_ready_ok!(service.poll_ready::<Request<()>>());
    let mut call = task::spawn(service.call(request()));
    assert_pending!(call.poll());
    let (_, respond) = assert_ready!(handle.poll_request()).expect("a request");
    respond.send_response(reply("bare"));
    assert_ready_ok!(call.poll());
    assert_pending!(service.poll_ready::<Request<()>>());
}

/// Its readiness was the middleware's: the service inside, alone, is asked first.
#[test]
fn ready_then_closed_then_called_waits_for_the_service_inside() {
    let slot = open(Identity::new());
    let (mut service, mut handle) = bypassing(&slot);
    handle.allow(1);
    assert_ready_ok!(service.poll_ready::<Request<()>>());
    let old = slot.close(PluginState::Reloading).unwrap();
    let mut call = task::spawn(service.call(request()));
    assert!(old.gate().is_drained());
    let _ = call.poll();
    handle.allow(1);
    assert_pending!(call.poll());
    let (_, respond) = assert_ready!(handle.poll_request()).expect("a request");
    respond.send_response(reply("bare"));
    assert_ready_ok!(call.poll());
}

#[test]
fn pending_readiness_of_the_service_inside_is_woken_by_a_generation() {
    let slot = disabled();
    let (mut service, mut handle) = bypassing(&slot);
    assert_pending!(service.poll_ready::<Request<()>>());
    assert!(!service.is_woken());
    slot.open(Generation::new(1, Identity::new()));
    assert!(service.is_woken());
    assert_pending!(service.poll_ready::<Request<()>>());
    handle.allow(1);
    assert_ready_ok!(service.poll_ready::<Request<()>>());
    let mut call = task::spawn(service.call(request()));
    assert_pending!(call.poll());
    assert_eq!(slot.in_flight(), 1);
}

#[test]
fn opened_after_it_was_ready_to_bypass_goes_through_the_middleware() {
    let slot = disabled();
    let (mut service, mut handle) = bypassing(&slot);
    handle.allow(2);
    assert_ready_ok!(service.poll_ready::<Request<()>>());
    slot.open(Generation::new(1, Identity::new()));
    let mut call = task::spawn(service.call(request()));
    assert_pending!(call.poll());
    assert!(handle.poll_request().is_ready());
    assert_eq!(slot.in_flight(), 1);
}

#[derive(Clone)]
struct Shout;

/// Another body and another error than those of the service inside.
#[derive(Clone)]
struct Shouting<S>(S);

impl<S> Layer<S> for Shout {
    type Service = Shouting<S>;

    fn layer(&self, inner: S) -> Shouting<S> {
        Shouting(inner)
    }
}

impl<S> Service<Request<()>> for Shouting<S>
where
    S: Service<Request<()>, Error = Infallible>,
{
    type Response = Response<String>;
    type Error = BoxError;
    type Future = std::future::Ready<Result<Response<String>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        std::future::ready(Ok(Response::new("HELLO".to_owned())))
    }
}

#[tokio::test]
async fn middleware_may_have_another_body_and_error_than_the_service_inside() {
    let slot = open(Shout);
    let inner = tower::service_fn(|_: Request<()>| async {
        Ok::<_, Infallible>(Response::new(Full::<bytes::Bytes>::from("hello")))
    });
    let service = SwapLayer::new(&slot)
        .on_closed(OnClosed::Bypass)
        .layer(inner);
    for expected in ["HELLO", "hello"] {
        let response = service.clone().oneshot(request()).await.unwrap();
        let body = response.into_body();
        assert_eq!(http_body::Body::size_hint(&body).exact(), Some(5));
        assert_eq!(body.collect().await.unwrap().to_bytes(), expected);
        slot.close(PluginState::Failed);
    }
}

/// Opens the slot when it is asked for its readiness first, and is then not ready yet.
struct Opens {
    slot: Slot<Identity>,
    ready: bool,
}

impl Clone for Opens {
    fn clone(&self) -> Self {
        Self {
            slot: self.slot.clone(),
            ready: false,
        }
    }
}

impl Service<Request<()>> for Opens {
    type Response = crate::support::Reply;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if self.slot.version() == 1 {
            self.slot.open(Generation::new(1, Identity::new()));
            return Poll::Pending;
        }
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        assert!(
            std::mem::take(&mut self.ready),
            "called before it was ready"
        );
        std::future::ready(Ok(reply("hello")))
    }
}

#[test]
fn readiness_of_the_middleware_is_not_that_of_the_service_inside() {
    let slot = disabled();
    let inner = Opens {
        slot: slot.clone(),
        ready: false,
    };
    let layer = SwapLayer::new(&slot).on_closed(OnClosed::Bypass);
    let mut service = mock::Spawn::new(layer.layer(inner));
    assert_ready_ok!(service.poll_ready::<Request<()>>());
    slot.close(PluginState::Disabled).expect("a generation");
    let mut call = task::spawn(service.call(request()));
    assert_eq!(assert_ready_ok!(call.poll()).status(), 200);
    assert_eq!(slot.in_flight(), 0);
}
