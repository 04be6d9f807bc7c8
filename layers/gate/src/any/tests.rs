use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok, task};
use tower::Layer;
use tower_test::mock;

use crate::testing::open_slot;
use crate::{AnyService, BoxError, CancelledError, Gate, PluginLayer, PluginState, Rejected, Slot};

type Mock = mock::Mock<u8, &'static str>;

type Service = mock::Spawn<AnyService<Mock>>;
type Handle = mock::Handle<u8, &'static str>;

fn open() -> (Slot<()>, Gate, Service, Handle) {
    let (slot, gate) = open_slot();
    let (service, handle) = mock::spawn_layer(PluginLayer::any(&slot));
    (slot, gate, service, handle)
}

fn state_of_the_rejection(error: &BoxError) -> PluginState {
    error
        .downcast_ref::<Rejected>()
        .expect("a rejection")
        .state()
}

#[test]
fn request_is_inside_until_its_future_is_done_though_that_is_held() {
    let (_slot, gate, mut service, mut handle) = open();
    assert_ready_ok!(service.poll_ready());
    let mut call = task::spawn(service.call(1));
    assert_pending!(call.poll());
    assert_eq!(gate.in_flight(), 1);
    let (request, respond) = assert_ready!(handle.poll_request()).expect("a request");
    assert_eq!(request, 1);
    respond.send_response("one");
    assert_eq!(assert_ready_ok!(call.poll()), "one");
    assert_eq!(gate.in_flight(), 0);
}

#[test]
fn ready_then_closed_then_called_is_an_err_and_the_service_never_called() {
    let (slot, gate, mut service, mut handle) = open();
    assert_ready_ok!(service.poll_ready());
    slot.close(PluginState::Disabled);
    let mut call = task::spawn(service.call(1));
    let error = assert_ready_err!(call.poll());
    assert_eq!(state_of_the_rejection(&error), PluginState::Disabled);
    assert_pending!(handle.poll_request());
    assert!(gate.is_drained());
}

#[test]
fn closed_gate_is_ready_although_the_service_is_not_and_rejects_after_reopening_too() {
    let (slot, _, mut service, mut handle) = open();
    handle.allow(0);
    assert_pending!(service.poll_ready());
    slot.close(PluginState::Failed);
    assert!(service.is_woken());
    assert_ready_ok!(service.poll_ready());
    slot.open(crate::Generation::new(2, ()));
    let mut call = task::spawn(service.call(1));
    let error = assert_ready_err!(call.poll());
    assert_eq!(state_of_the_rejection(&error), PluginState::Failed);
    assert_pending!(handle.poll_request());
}

#[test]
fn cancelled_request_is_an_err_once() {
    let (slot, gate, mut service, mut handle) = open();
    assert_ready_ok!(service.poll_ready());
    let mut call = task::spawn(service.call(1));
    let (_, _respond) = assert_ready!(handle.poll_request()).expect("a request");
    assert_pending!(call.poll());
    slot.close(PluginState::Unloading);
    gate.cancel();
    assert!(call.is_woken());
    let error = assert_ready_err!(call.poll());
    let cancelled: &CancelledError = error.downcast_ref().expect("the drain's error");
    assert_eq!(cancelled.state(), PluginState::Unloading);
    assert!(gate.is_drained());
    assert_eq!(gate.cancelled_count(), 1);
}

#[test]
fn outcome_that_is_there_when_the_cancellation_is_seen_is_the_services() {
    for fails in [false, true] {
        let (_slot, gate, mut service, mut handle) = open();
        assert_ready_ok!(service.poll_ready());
        let mut call = task::spawn(service.call(1));
        let (_, respond) = assert_ready!(handle.poll_request()).expect("a request");
        if fails {
            respond.send_error("no luck");
        } else {
            respond.send_response("one");
        }
        gate.cancel();
        match assert_ready!(call.poll()) {
            Ok(response) => assert_eq!(response, "one"),
            Err(error) => assert_eq!(error.to_string(), "no luck"),
        }
        assert_eq!(gate.cancelled_count(), 0);
        assert!(gate.is_drained());
    }
}

#[test]
fn request_that_is_dropped_leaves() {
    let (_slot, gate, mut service, _handle) = open();
    assert_ready_ok!(service.poll_ready());
    let call = service.call(1);
    assert_eq!(gate.in_flight(), 1);
    drop(call);
    assert_eq!(gate.in_flight(), 0);
}

#[test]
fn request_that_panics_leaves_and_the_drain_is_told() {
    let (slot, gate) = open_slot();
    let service = tower::service_fn(|()| async { panic!("the future panicked") });
    let service = tower::util::MapErr::new(service, |never: std::convert::Infallible| never);
    let mut service = mock::Spawn::new(PluginLayer::any(&slot).layer(service));
    let mut call: task::Spawn<_> = task::spawn(service.call(()));
    slot.close(PluginState::Disabled);
    let mut drained = task::spawn(gate.drained());
    assert_pending!(drained.poll());
    catch_unwind(AssertUnwindSafe(move || {
        let _: Poll<Result<(), BoxError>> = call.poll();
    }))
    .expect_err("the panic is let through");
    assert!(drained.is_woken());
    assert_ready!(drained.poll());
}
