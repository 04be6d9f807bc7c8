use std::future::poll_fn;

use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok, task};
use tower::{Service, ServiceExt};
use tower_plugin_gate::{Generation, PluginState, Slot};
use tower_plugin_swap::SwapService;

use crate::support::{Handled, MockService, Numbered, mocked, open, reply, request, send, swap};

#[tokio::test]
async fn request_is_served_by_the_current_instance() {
    let (first, second) = (Numbered::new(1), Numbered::new(2));
    let slot = open(first.clone());
    let mut service = SwapService::new(&Handled(slot.clone()));
    let response = send(&mut service).await;
    assert_eq!(response.headers()["x-number"], "1");
    swap(&slot, second.clone());
    let response = send(&mut service).await;
    assert_eq!(response.headers()["x-number"], "2");
    assert_eq!((first.calls(), second.calls()), (1, 1));
}

#[tokio::test]
async fn swap_between_ready_and_call_awaits_the_new_instance_and_never_calls_it_unready() {
    let ((first, mut old), (second, mut new)) = (mocked(), mocked());
    let slot = open(first);
    let mut service = task::spawn(SwapService::new(&slot));
    old.allow(1);
    assert_ready_ok!(service.enter(|cx, mut service| service.poll_ready(cx)));

    let replaced = swap(&slot, second);
    let mut future = task::spawn(service.enter(|_, mut service| service.call(request())));
    assert_pending!(future.poll());
    assert_eq!(slot.in_flight(), 1, "it is inside while it waits");
    assert!(replaced.gate().is_drained());
    assert_pending!(task::spawn(new.next_request()).poll());

    new.allow(1);
    assert!(future.is_woken());
    assert_pending!(future.poll());
    let (_, respond) = new.next_request().await.expect("the request");
    respond.send_response(reply("hello"));
    assert_eq!(assert_ready_ok!(future.poll()).status(), StatusCode::OK);
    assert!(
        tokio_test::task::spawn(old.next_request())
            .poll()
            .is_pending()
    );
}

#[test]
fn pending_readiness_is_woken_by_a_swap() {
    let ((first, _old), (second, mut new)) = (mocked(), mocked());
    let slot = open(first);
    let mut service = task::spawn(SwapService::new(&slot));
    assert_pending!(service.enter(|cx, mut service| service.poll_ready(cx)));
    assert!(!service.is_woken());

    swap(&slot, second);
    assert!(service.is_woken());
    assert_pending!(service.enter(|cx, mut service| service.poll_ready(cx)));
    new.allow(1);
    assert!(service.is_woken());
    assert_ready_ok!(service.enter(|cx, mut service| service.poll_ready(cx)));
}

#[test]
fn closed_slot_is_ready_although_the_instance_was_not() {
    let (instance, mut handle) = mocked();
    let slot = open(instance);
    let mut service = task::spawn(SwapService::new(&slot));
    assert_pending!(service.enter(|cx, mut service| service.poll_ready(cx)));

    let _old = slot.close(PluginState::Reloading);
    assert!(service.is_woken());
    assert_ready_ok!(service.enter(|cx, mut service| service.poll_ready(cx)));
    let mut future = task::spawn(service.enter(|_, mut service| service.call(request())));
    let response = assert_ready_ok!(future.poll());
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_pending!(task::spawn(handle.next_request()).poll());
}

#[tokio::test]
async fn request_that_found_the_slot_closed_is_served_if_it_opened_before_the_call() {
    let slot = Slot::new("plugin", PluginState::Loading);
    let mut service = SwapService::new(&slot);
    poll_fn(|cx| Service::<Request<()>>::poll_ready(&mut service, cx))
        .await
        .unwrap();
    slot.open(Generation::new(1, Numbered::new(1)));
    let response = service.call(request()).await.unwrap();
    assert_eq!(response.headers()["x-number"], "1");
}

#[tokio::test]
async fn call_without_readiness_awaits_it() {
    let (instance, mut handle) = mocked();
    let slot = open(instance);
    let mut future = task::spawn(SwapService::new(&slot).call(request()));
    assert_pending!(future.poll());
    handle.allow(1);
    assert_pending!(future.poll());
    let (_, respond) = handle.next_request().await.expect("the request");
    respond.send_response(reply("hello"));
    assert_ready_ok!(future.poll());
}

#[test]
fn readiness_is_used_up_by_a_call() {
    let (instance, mut handle) = mocked();
    handle.allow(1);
    let slot = open(instance);
    let mut service = task::spawn(SwapService::new(&slot));
    assert_ready_ok!(service.enter(|cx, mut service| service.poll_ready(cx)));
    let _first = service.enter(|_, mut service| service.call(request()));
    let mut second = task::spawn(service.enter(|_, mut service| service.call(request())));
    assert_pending!(second.poll(), "nothing allowed a second one");
}

#[tokio::test]
async fn errors_of_the_instance_pass_through() {
    let (instance, mut handle) = mocked();
    let slot = open(instance);
    let mut service = task::spawn(SwapService::new(&slot));
    handle.allow(1);
    assert_ready_ok!(service.enter(|cx, mut service| service.poll_ready(cx)));
    let mut future = task::spawn(service.enter(|_, mut service| service.call(request())));
    assert_pending!(future.poll());
    let (_, respond) = handle.next_request().await.expect("the request");
    respond.send_error("call failed");
    assert_eq!(assert_ready_err!(future.poll()).to_string(), "call failed");
    assert_eq!(slot.in_flight(), 0);

    handle.send_error("not today");
    let error = assert_ready_err!(service.enter(|cx, mut service| service.poll_ready(cx)));
    assert_eq!(error.to_string(), "not today");
}

#[test]
fn error_while_readiness_is_awaited_in_the_future_passes_through() {
    let (instance, mut handle) = mocked();
    let slot = open(instance);
    let mut future = task::spawn(SwapService::new(&slot).call(request()));
    assert_pending!(future.poll());
    handle.send_error("not today");
    assert_eq!(assert_ready_err!(future.poll()).to_string(), "not today");
    assert_eq!(slot.in_flight(), 0);
}

#[tokio::test]
async fn old_generation_is_drained_when_its_bodies_end() {
    let slot = open(Numbered::new(1));
    let service = SwapService::new(&slot);
    let read = service.clone().oneshot(request()).await.unwrap();
    let dropped = service.clone().oneshot(request()).await.unwrap();
    let old = swap(&slot, Numbered::new(2));
    let new = service.oneshot(request()).await.unwrap();
    assert_eq!((old.gate().in_flight(), slot.in_flight()), (2, 1));

    let mut drained = task::spawn(old.gate().drained());
    assert_pending!(drained.poll());
    assert_eq!(
        read.into_body().collect().await.unwrap().to_bytes(),
        "hello"
    );
    assert_eq!(old.gate().in_flight(), 1);
    assert_pending!(drained.poll());
    drop(dropped);
    assert!(drained.is_woken());
    assert_ready!(drained.poll());
    drop(new);
    assert_eq!(slot.in_flight(), 0);
}

#[test]
fn future_dropped_at_any_point_leaves_nobody_inside() {
    let (instance, mut handle) = mocked();
    let slot = open(instance);
    let waiting = || SwapService::new(&slot).call(request());

    drop(waiting());
    assert_eq!(slot.in_flight(), 0, "never polled");

    let mut future = task::spawn(waiting());
    assert_pending!(future.poll());
    assert_eq!(slot.in_flight(), 1);
    drop(future);
    assert_eq!(slot.in_flight(), 0, "waiting for readiness");

    handle.allow(1);
    let mut future = task::spawn(waiting());
    assert_pending!(future.poll());
    assert_eq!(slot.in_flight(), 1);
    drop(future);
    assert_eq!(slot.in_flight(), 0, "called");
}

#[test]
fn ready_service_dropped_without_a_call_was_never_inside() {
    let slot = open(Numbered::new(1));
    let mut service = task::spawn(SwapService::new(&slot));
    assert_ready_ok!(
        service.enter(|cx, mut service| { Service::<Request<()>>::poll_ready(&mut *service, cx) })
    );
    assert_eq!(slot.in_flight(), 0);
    drop(service);
    assert_eq!(slot.in_flight(), 0);
}

#[test]
fn cancelled_generation_answers_a_request_that_waits_for_readiness() {
    let (instance, mut handle) = mocked();
    let slot = open(instance);
    let mut future = task::spawn(SwapService::new(&slot).call(request()));
    assert_pending!(future.poll());
    let old = slot.close(PluginState::Unloading).expect("a generation");
    assert_pending!(future.poll(), "it is drained, not thrown out");

    old.gate().cancel();
    assert!(future.is_woken());
    let response = assert_ready_ok!(future.poll());
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(old.gate().is_drained());
    assert_pending!(task::spawn(handle.next_request()).poll());
}

#[tokio::test]
async fn idle_clone_keeps_no_old_instance() {
    let first = Numbered::new(1);
    let calls = std::sync::Arc::downgrade(&first.calls);
    let slot = open(first);
    let service = SwapService::new(&slot);
    let mut used = service.clone();
    send(&mut used).await;
    let template = used.clone();
    drop(used);
    drop(swap(&slot, Numbered::new(2)));
    assert!(calls.upgrade().is_none(), "only templates are left");
    drop::<[SwapService<Numbered>; 2]>([service, template]);
}

#[test]
fn clone_of_a_waiting_service_waits_for_itself() {
    let (instance, mut handle) = mocked();
    let slot = open(instance);
    let mut first = task::spawn(SwapService::new(&slot));
    assert_pending!(first.enter(|cx, mut service| service.poll_ready(cx)));
    let clone: SwapService<MockService> = (*first).clone();
    let mut second = task::spawn(clone);
    assert_pending!(second.enter(|cx, mut service| service.poll_ready(cx)));
    slot.close(PluginState::Disabled);
    assert!(first.is_woken() && second.is_woken());
    handle.allow(1);
    drop(first);
    assert_ready_ok!(second.enter(|cx, mut service| service.poll_ready(cx)));
}
