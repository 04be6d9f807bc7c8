use std::convert::Infallible;
use std::future::{Ready, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response, StatusCode};
use tokio_test::{assert_pending, assert_ready, assert_ready_ok, task};
use tower::{Layer, Service};

use super::{Body, answered, gated};
use crate::testing::Step::{Data, Panic};
use crate::testing::{Script, open_slot};
use crate::{PluginLayer, PluginState};

#[derive(Clone, Copy)]
enum Where {
    Call,
    Future,
}

#[derive(Clone)]
struct Panics(Where);

impl Service<Request<()>> for Panics {
    type Response = Response<Script>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Script>, Infallible>>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        match self.0 {
            Where::Call => panic!("the call panicked"),
            Where::Future => Box::pin(async { panic!("the future panicked") }),
        }
    }
}

/// The panic is let through, the request leaves, and gate and service go on as if nothing was.
fn panics(place: Where) {
    let (slot, gate) = open_slot();
    let mut service = PluginLayer::new(&slot).layer(Panics(place));
    let mut drained = task::spawn(gate.drained());
    assert_pending!(drained.poll());

    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut call = task::spawn(service.call(Request::new(())));
        assert_eq!(gate.in_flight(), 1);
        let _ = call.poll();
    }));
    panicked.expect_err("the panic is let through");
    assert_eq!(gate.in_flight(), 0);

    slot.close(PluginState::Failed);
    assert!(drained.is_woken());
    assert_ready!(drained.poll());
    let mut call = task::spawn(service.call(Request::new(())));
    let response = assert_ready_ok!(call.poll());
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[test]
fn request_whose_call_panics_leaves() {
    panics(Where::Call);
}

#[test]
fn request_whose_future_panics_leaves() {
    panics(Where::Future);
}

#[test]
fn request_whose_body_panics_leaves_and_the_drain_is_told() {
    let (slot, gate) = open_slot();
    let (mut service, mut handle) = gated(PluginLayer::new(&slot));
    let script = Script::new([Data("a"), Panic]);
    let mut body: Body = answered(&mut service, &mut handle, script);
    body.next().expect("a frame").unwrap();
    slot.close(PluginState::Disabled);
    let mut drained = task::spawn(gate.drained());
    assert_pending!(drained.poll());
    catch_unwind(AssertUnwindSafe(move || {
        let _ = body.poll();
    }))
    .expect_err("the panic is let through");
    assert!(drained.is_woken());
    assert_ready!(drained.poll());
    assert_eq!(gate.in_flight(), 0);
}

#[test]
fn request_whose_readiness_panics_leaves_nothing_behind() {
    struct PanicsBefore;

    impl Service<Request<()>> for PanicsBefore {
        type Response = Response<Script>;
        type Error = Infallible;
        type Future = Ready<Result<Response<Script>, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            panic!("the readiness panicked")
        }

        fn call(&mut self, _: Request<()>) -> Self::Future {
            ready(Ok(Response::default()))
        }
    }

    let (slot, gate) = open_slot();
    let mut service = PluginLayer::new(&slot).layer(PanicsBefore);
    let mut cx = Context::from_waker(std::task::Waker::noop());
    catch_unwind(AssertUnwindSafe(|| {
        let _ = service.poll_ready(&mut cx);
    }))
    .expect_err("the panic is let through");
    slot.close(PluginState::Disabled);
    assert!(gate.is_drained());
}
