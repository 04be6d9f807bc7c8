use std::task::Poll;

use http::{Request, StatusCode};
use tokio_test::{assert_pending, assert_ready, assert_ready_ok};

use super::{Handle, Service, assert_not_called, call, gated, seen};
use crate::testing::open_slot;
use crate::{Generation, PluginLayer, PluginState, Slot};

fn open() -> (Slot<()>, Service, Handle) {
    let (slot, _) = open_slot();
    let (service, handle) = gated(PluginLayer::new(&slot));
    (slot, service, handle)
}

fn poll_ready(service: &mut Service) -> Poll<Result<(), crate::BoxError>> {
    service.poll_ready::<Request<()>>()
}

fn status_of_a_call(service: &mut Service) -> StatusCode {
    let mut call = call(service, Request::new(()));
    assert_ready_ok!(call.poll()).status()
}

#[test]
fn ready_then_closed_then_called_is_rejected_and_the_service_never_called() {
    let (slot, mut service, mut handle) = open();
    assert_ready_ok!(poll_ready(&mut service));
    slot.close(PluginState::Disabled);
    assert_eq!(
        status_of_a_call(&mut service),
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_not_called(&mut handle);
}

#[test]
fn closed_gate_is_ready_although_the_service_is_not() {
    let (slot, mut service, mut handle) = open();
    handle.allow(0);
    assert_pending!(poll_ready(&mut service));
    slot.close(PluginState::Disabled);
    assert_ready_ok!(poll_ready(&mut service));
    assert_eq!(
        status_of_a_call(&mut service),
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_not_called(&mut handle);
}

#[test]
fn gate_closed_past_its_slot_is_ready_too() {
    let (slot, gate) = open_slot();
    let (mut service, mut handle) = gated(PluginLayer::new(&slot));
    handle.allow(0);
    gate.close();
    assert_ready_ok!(poll_ready(&mut service));
    assert_eq!(
        status_of_a_call(&mut service),
        StatusCode::SERVICE_UNAVAILABLE
    );
}

#[test]
fn service_that_was_not_ready_is_not_called_even_after_the_slot_was_opened_again() {
    let (slot, mut service, mut handle) = open();
    handle.allow(0);
    slot.close(PluginState::Reloading);
    assert_ready_ok!(poll_ready(&mut service));
    slot.open(Generation::new(2, ()));
    assert_eq!(
        status_of_a_call(&mut service),
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_not_called(&mut handle);
    assert_eq!(slot.in_flight(), 0);

    // The rejection used the readiness up: from here on the service is asked again.
    assert_pending!(poll_ready(&mut service));
    handle.allow(1);
    assert_ready_ok!(poll_ready(&mut service));
    let _call = call(&mut service, Request::new(()));
    seen(&mut handle);
}

#[test]
fn pending_readiness_is_woken_by_closing() {
    let (slot, mut service, mut handle) = open();
    handle.allow(0);
    assert_pending!(poll_ready(&mut service));
    assert!(!service.is_woken());
    slot.close(PluginState::Disabled);
    assert!(service.is_woken());
}

#[test]
fn pending_readiness_is_woken_by_the_service_and_outlives_a_swap() {
    let (slot, mut service, mut handle) = open();
    handle.allow(0);
    assert_pending!(poll_ready(&mut service));
    slot.open(Generation::new(2, ()));
    assert_pending!(poll_ready(&mut service), "the service is as busy as before");
    handle.allow(1);
    assert!(service.is_woken());
    assert_ready_ok!(poll_ready(&mut service));
}

#[test]
fn clone_must_become_ready_by_itself() {
    let (slot, mut service, mut handle) = open();
    handle.allow(0);
    slot.close(PluginState::Disabled);
    assert_ready_ok!(poll_ready(&mut service));
    let mut clone = service.clone();
    slot.open(Generation::new(2, ()));
    assert_pending!(poll_ready(&mut clone));
    handle.allow(1);
    assert_ready_ok!(poll_ready(&mut clone));
    let _call = call(&mut clone, Request::new(()));
    seen(&mut handle);
}

#[test]
fn limited_service_that_is_swapped_for_its_ready_clone_does_not_panic() {
    let (slot, _) = open_slot();
    let inner = tower::service_fn(|_: Request<()>| async {
        Ok::<_, crate::BoxError>(http::Response::new(crate::testing::Script::default()))
    });
    let limited = tower::limit::ConcurrencyLimit::new(inner, 1);
    let service = tower::Layer::layer(&PluginLayer::new(&slot), limited);
    let mut service = tower_test::mock::Spawn::new(service);
    for _ in 0..3 {
        assert_ready_ok!(service.poll_ready::<Request<()>>());
        let clone = service.clone();
        let mut ready = std::mem::replace(&mut service, clone);
        let mut call = tokio_test::task::spawn(ready.call(Request::new(())));
        drop(assert_ready_ok!(call.poll()));
    }
    assert_eq!(slot.in_flight(), 0);
}

#[test]
fn dropping_a_ready_service_without_a_call_counts_nobody() {
    let (slot, mut service, _handle) = open();
    assert_ready_ok!(poll_ready(&mut service));
    assert_eq!(slot.in_flight(), 0);
    let old = slot.close(PluginState::Disabled).expect("a generation");
    assert!(old.gate().is_drained());
}

#[test]
fn service_that_is_dropped_while_it_is_not_ready_leaves_no_waker_behind() {
    let (slot, _) = open_slot();
    let (service, mut handle) = gated(PluginLayer::new(&slot));
    handle.allow(0);
    let mut service = service.into_inner();
    let mut task = tokio_test::task::spawn(());
    let polled = task.enter(|cx, _| tower::Service::<Request<()>>::poll_ready(&mut service, cx));
    assert_pending!(polled);
    drop(service);
    drop(handle);
    assert_eq!(task.waker_ref_count(), 1, "the task's own");
}

#[test]
fn error_of_readiness_is_the_services() {
    let (_slot, mut service, mut handle) = open();
    handle.send_error("out of order");
    let error = assert_ready!(poll_ready(&mut service)).expect_err("the service failed");
    assert_eq!(error.to_string(), "out of order");
}
