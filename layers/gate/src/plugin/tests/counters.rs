use std::task::Poll;

use http::{Request, Response};
use http_body::Body as _;
use tokio_test::{assert_ready, assert_ready_err, assert_ready_ok, task};
use tower_layer::Layer;
use tower_service::Service;

use crate::testing::Step::{Data, Error, Pending, Status};
use crate::testing::{Script, Step, open_slot};
use crate::{BoxError, Counters, PluginLayer, PluginState, Slot};

type Answered = Result<Response<Script>, BoxError>;

/// Calls a service behind `layer` that answers at once, and polls its body as far as it goes.
fn serve(layer: &PluginLayer, answer: impl FnOnce() -> Answered + Clone) {
    let mut service = layer.layer(tower::service_fn(move |_: Request<()>| {
        let answer = answer.clone();
        async move { answer() }
    }));
    let mut call = task::spawn(service.call(Request::new(())));
    if let Ok(response) = assert_ready!(call.poll()) {
        let mut body = task::spawn(response.into_body());
        while let Poll::Ready(Some(_)) = body.enter(|cx, body| body.poll_frame(cx)) {}
    }
}

fn script(steps: &'static [Step]) -> Response<Script> {
    Response::new(Script::new(steps.iter().copied()))
}

fn with_status(status: u16) -> Answered {
    let mut response = script(&[Data("a")]);
    *response.status_mut() = status.try_into()?;
    Ok(response)
}

fn counts(slot: &Slot<()>) -> [u64; 7] {
    let Counters {
        admitted,
        completed,
        failed,
        rejected,
        cancelled,
        panicked,
        abandoned,
    } = slot.counters();
    [
        admitted, completed, failed, rejected, cancelled, panicked, abandoned,
    ]
}

#[test]
fn each_request_is_counted_once_by_how_it_ended() {
    let (slot, _) = open_slot();
    let layer = PluginLayer::new(&slot);
    serve(&layer, || with_status(200));
    serve(&layer, || with_status(404));
    assert_eq!(
        counts(&slot),
        [2, 2, 0, 0, 0, 0, 0],
        "a client's mistake is no failure"
    );
    serve(&layer, || with_status(503));
    serve(&layer, || Err("broken".into()));
    serve(&layer, || Ok(script(&[Data("a"), Error])));
    assert_eq!(counts(&slot), [5, 2, 3, 0, 0, 0, 0]);
    serve(&layer, || Ok(script(&[Data("a"), Pending])));
    assert_eq!(counts(&slot), [6, 2, 3, 0, 0, 0, 1], "its client went away");
    slot.close(PluginState::Disabled);
    serve(&layer, || with_status(200));
    assert_eq!(counts(&slot), [6, 2, 3, 1, 0, 0, 1]);
}

#[test]
fn grpc_trailers_that_blame_the_server_are_a_failure() {
    let (slot, _) = open_slot();
    let layer = PluginLayer::grpc(&slot);
    serve(&layer, || Ok(script(&[Data("a"), Status("0")])));
    serve(&layer, || Ok(script(&[Data("a"), Status("5")])));
    serve(&layer, || Ok(script(&[Data("a"), Status("13")])));
    assert_eq!(counts(&slot), [3, 2, 1, 0, 0, 0, 0]);
}

#[test]
fn counts_of_generations_that_are_gone_are_kept() {
    let (slot, _) = open_slot();
    let layer = PluginLayer::new(&slot);
    for number in 2..20 {
        serve(&layer, || with_status(200));
        slot.open(crate::Generation::new(number, ()));
    }
    assert_eq!(counts(&slot), [18, 18, 0, 0, 0, 0, 0]);
}

#[test]
fn cancelled_requests_are_counted_as_such() {
    let (slot, _) = open_slot();
    let mut service = PluginLayer::new(&slot).layer(tower::service_fn(|_: Request<()>| {
        std::future::pending::<Answered>()
    }));
    let mut call = task::spawn(service.call(Request::new(())));
    assert!(call.poll().is_pending());
    slot.generation().expect("it is open").gate().cancel();
    let response = assert_ready_ok!(call.poll());
    assert_eq!(response.status(), 503);
    drop(response);
    assert_eq!(counts(&slot), [1, 0, 0, 0, 1, 0, 0]);
}

fn panics(at: &'static str) -> tower::util::BoxService<Request<()>, Response<Script>, BoxError> {
    tower::util::BoxService::new(tower::service_fn(move |_: Request<()>| {
        assert_ne!(at, "call", "in call");
        async move {
            assert_ne!(at, "future", "in the future");
            Ok(script(&[Data("a"), Step::Panic]))
        }
    }))
}

#[test]
fn panics_are_counted_and_by_default_go_on_to_the_server() {
    let (slot, _) = open_slot();
    for at in ["call", "future", "body"] {
        let mut service = PluginLayer::new(&slot).layer(panics(at));
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut call = task::spawn(service.call(Request::new(())));
            let mut body = task::spawn(assert_ready_ok!(call.poll()).into_body());
            while body.enter(|cx, body| body.poll_frame(cx)).is_ready() {}
        }));
        assert!(ended.is_err(), "{at}");
    }
    assert_eq!(counts(&slot), [3, 0, 0, 0, 0, 3, 0]);
    assert_eq!(slot.in_flight(), 0);
}

#[test]
fn caught_panics_are_answered() {
    let (slot, _) = open_slot();
    let layer = PluginLayer::new(&slot).catch_panics();
    for at in ["call", "future"] {
        let mut service = layer.layer(panics(at));
        let mut call = task::spawn(service.call(Request::new(())));
        assert_eq!(assert_ready_ok!(call.poll()).status(), 500, "{at}");
    }
    let mut service = layer.layer(panics("body"));
    let mut call = task::spawn(service.call(Request::new(())));
    let mut body = task::spawn(assert_ready_ok!(call.poll()).into_body());
    let mut poll = || body.enter(|cx, body| body.poll_frame(cx));
    assert!(assert_ready!(poll()).is_some_and(|frame| frame.is_ok()));
    let error = assert_ready_err!(poll().map(|frame| frame.expect("one more")));
    assert!(error.is_panic(), "{error}");
    assert!(assert_ready!(poll()).is_none());
    assert_eq!(counts(&slot), [3, 0, 0, 0, 0, 3, 0]);
}
