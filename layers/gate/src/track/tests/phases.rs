use http::{Request, Response};
use http_body::Body as _;
use tokio_test::{assert_pending, assert_ready, assert_ready_ok, task};
use tower::{Service, ServiceExt};
use tower_test::mock;

use crate::testing::Step::{Data, Pending, Stuck};
use crate::testing::{Script, open_slot};
use crate::{
    Gate, Lease, OnClosed, PhaseCounts, PluginLayer, PluginState, ResponseBody, ResponseFuture,
};

type Mock = mock::Mock<Request<()>, Response<Script>>;
type Handle = mock::Handle<Request<()>, Response<Script>>;
type Call = task::Spawn<ResponseFuture<<Mock as Service<Request<()>>>::Future>>;

/// How many are in their head, their body, and beyond.
fn phases(gate: &Gate) -> (usize, usize, usize) {
    let PhaseCounts {
        head,
        body,
        upgraded,
    } = gate.phases();
    assert_eq!(head + body + upgraded, gate.in_flight());
    (head, body, upgraded)
}

/// A request that was called and polled once, and what the service behind answers it with.
fn in_flight(
    layer: PluginLayer,
    request: Request<()>,
) -> (Call, Request<()>, mock::SendResponse<Response<Script>>) {
    let (mut service, mut handle): (_, Handle) = mock::spawn_layer(layer);
    assert_ready_ok!(service.poll_ready());
    let mut call = task::spawn(service.call(request));
    let (seen, respond) = assert_ready!(handle.poll_request()).expect("a request");
    assert_pending!(call.poll());
    (call, seen, respond)
}

fn poll(body: &mut task::Spawn<ResponseBody<Script>>) -> std::task::Poll<bool> {
    let polled = body.enter(|cx, body| body.poll_frame(cx));
    polled.map(|frame| frame.is_some_and(|frame| frame.is_ok()))
}

fn connect() -> Request<()> {
    Request::connect("example.org:443").body(()).unwrap()
}

#[test]
fn request_goes_from_its_head_to_its_body_and_out() {
    let (slot, gate) = open_slot();
    let (mut call, _seen, respond) = in_flight(PluginLayer::new(&slot), Request::new(()));
    assert_eq!(phases(&gate), (1, 0, 0));
    respond.send_response(Response::new(Script::new([Pending, Data("a")])));
    let response = assert_ready_ok!(call.poll());
    assert_eq!(phases(&gate), (0, 1, 0));
    let mut body = task::spawn(response.into_body());
    assert_pending!(poll(&mut body));
    assert_eq!(phases(&gate), (0, 1, 0));
    assert!(assert_ready!(poll(&mut body)));
    assert!(!assert_ready!(poll(&mut body)));
    assert_eq!(phases(&gate), (0, 0, 0));
}

/// As a client does that reads the head, and then nothing.
#[test]
fn body_that_nobody_polls_after_its_head_is_a_body_before_and_after_the_cancellation() {
    let (slot, gate) = open_slot();
    let (mut call, _seen, respond) = in_flight(PluginLayer::new(&slot), Request::new(()));
    respond.send_response(Response::new(Script::new([Data("a"), Stuck])));
    let response = assert_ready_ok!(call.poll());
    assert_eq!(phases(&gate), (0, 1, 0));
    slot.close(PluginState::Reloading);
    gate.cancel();
    assert_eq!(phases(&gate), (0, 1, 0));
    drop(response);
    assert_eq!(phases(&gate), (0, 0, 0));
}

#[test]
fn future_that_nobody_polls_after_the_cancellation_is_still_in_its_head() {
    let (slot, gate) = open_slot();
    let (call, _seen, _respond) = in_flight(PluginLayer::new(&slot), Request::new(()));
    slot.close(PluginState::Reloading);
    gate.cancel();
    assert!(call.is_woken());
    assert_eq!(phases(&gate), (1, 0, 0));
    drop(call);
    assert_eq!(phases(&gate), (0, 0, 0));
}

#[test]
fn future_that_moves_to_another_task_is_counted_once() {
    let (slot, gate) = open_slot();
    let (call, _seen, respond) = in_flight(PluginLayer::new(&slot), Request::new(()));
    let mut moved = task::spawn(call.into_inner());
    assert_pending!(moved.poll());
    assert_eq!(phases(&gate), (1, 0, 0));
    respond.send_response(Response::new(Script::new([Stuck])));
    let response = assert_ready_ok!(moved.poll());
    assert_eq!(phases(&gate), (0, 1, 0));
    drop(response);
}

#[test]
fn upgrade_goes_from_its_head_beyond_its_response_until_its_handler_lets_go() {
    let (slot, gate) = open_slot();
    let (mut call, mut seen, respond) = in_flight(PluginLayer::new(&slot), connect());
    let lease: Lease = seen.extensions_mut().remove().expect("a lease");
    drop(seen);
    assert_eq!(phases(&gate), (1, 0, 0));
    respond.send_response(Response::new(Script::new([Stuck])));
    let response = assert_ready_ok!(call.poll());
    assert_eq!(phases(&gate), (0, 1, 0));
    drop(response);
    assert_eq!(phases(&gate), (0, 0, 1));
    drop(lease.clone());
    assert_eq!(phases(&gate), (0, 0, 1));
    drop(lease);
    assert_eq!(phases(&gate), (0, 0, 0));
}

#[test]
fn upgrade_that_nobody_took_up_ends_with_its_body() {
    let (slot, gate) = open_slot();
    let (mut call, seen, respond) = in_flight(PluginLayer::new(&slot), connect());
    drop(seen);
    respond.send_response(Response::new(Script::new([Stuck])));
    let response = assert_ready_ok!(call.poll());
    assert_eq!(phases(&gate), (0, 1, 0));
    drop(response);
    assert_eq!(phases(&gate), (0, 0, 0));
}

#[test]
fn lease_is_work_beyond_any_response_until_a_request_is_let_in_by_it() {
    let (slot, gate) = open_slot();
    let lease = slot.enter().expect("the slot is open");
    assert_eq!(phases(&gate), (0, 0, 1));
    let shared = lease.clone().admit(&mut Request::new(()));
    assert_eq!(gate.in_flight(), 2, "the clone has to stay what it is");
    assert_eq!(gate.phases().upgraded, 1);
    drop(shared);
    let mut upgrade = connect();
    let holder = lease.admit(&mut upgrade);
    assert_eq!(gate.phases().upgraded, 0);
    drop(holder);
    assert_eq!(phases(&gate), (0, 0, 1), "the handler's lease is left");
    drop(upgrade);
    assert_eq!(phases(&gate), (0, 0, 0));
}

#[test]
fn request_of_any_kind_is_in_its_head_until_it_ends() {
    let (slot, gate) = open_slot();
    let (mut service, mut handle) = mock::spawn_layer::<(), (), _>(PluginLayer::any(&slot));
    assert_ready_ok!(service.poll_ready());
    let mut call = task::spawn(service.call(()));
    assert_pending!(call.poll());
    assert_eq!(phases(&gate), (1, 0, 0));
    let (_, respond) = assert_ready!(handle.poll_request()).expect("a request");
    respond.send_response(());
    assert_ready_ok!(call.poll());
    assert_eq!(phases(&gate), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn held_request_is_in_no_phase_until_its_turn_has_come() {
    let slot = crate::Slot::new("geo", PluginState::Reloading);
    let hold = OnClosed::Hold {
        max_wait: std::time::Duration::from_secs(5),
        max_held: 10,
    };
    let (mock, mut handle) = mock::pair::<Request<()>, Response<Script>>();
    let gated = tower::Layer::layer(&PluginLayer::new(&slot).on_closed(hold), mock);
    handle.allow(0);
    let mut call = task::spawn(gated.oneshot(Request::new(())));
    assert_pending!(call.poll());
    let generation = crate::Generation::new(1, ());
    let gate = generation.gate().clone();
    assert_eq!(phases(&gate), (0, 0, 0));
    slot.open(generation);
    assert_pending!(call.poll());
    assert_eq!(
        phases(&gate),
        (1, 0, 0),
        "waiting for the service to be ready"
    );
    handle.allow(1);
    assert_pending!(call.poll());
    assert_eq!(phases(&gate), (1, 0, 0), "waiting for the service's answer");
    let (_, respond) = assert_ready!(handle.poll_request()).expect("a request");
    respond.send_response(Response::new(Script::new([Stuck])));
    let response = assert_ready_ok!(call.poll());
    assert_eq!(phases(&gate), (0, 1, 0));
    drop(response);
    assert_eq!(phases(&gate), (0, 0, 0));
}
