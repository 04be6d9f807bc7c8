use http::Request;
use tokio_test::{assert_pending, assert_ready_ok, task};
use tower_test::mock;

use super::{
    Mock, OnClosed, answer_next, assert_not_called, call, gated, hold, open, poll_ready, reloading,
    status_and_text,
};
use crate::{Lease, PluginLayer, PluginState};

#[tokio::test(start_paused = true)]
async fn request_is_held_uncounted_and_served_as_soon_as_the_plugin_is_back() {
    let slot = reloading();
    let (mut service, mut handle) = gated(&slot, hold(1));
    let mut call = call(&mut service, "/");
    assert_pending!(call.poll());
    assert_eq!((slot.held(), slot.in_flight()), (1, 0));
    assert_not_called(&mut handle);

    open(&slot, 1);
    assert!(call.is_woken());
    assert_eq!((slot.held(), slot.in_flight()), (0, 1));
    assert_pending!(call.poll());
    assert_eq!(answer_next(&mut handle), "/");
    let response = assert_ready_ok!(call.poll());
    assert_eq!(response.status(), 200);
    assert_eq!(slot.in_flight(), 1, "its body has not ended");
    drop(response);
    assert_eq!(slot.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn held_requests_are_inside_before_anybody_who_comes_later() {
    let slot = reloading();
    let mut held: Vec<_> = (0..3)
        .map(|_| task::spawn(slot.hold(super::WAIT, 3).unwrap()))
        .collect();
    // One that was polled last, one never polled: neither matters.
    assert_pending!(held[2].poll());
    assert_pending!(held[0].poll());
    open(&slot, 1);
    assert_eq!(slot.in_flight(), 3, "all of them, before `open` returned");
    let mut service = gated(&slot, hold(3));
    let _late = call(&mut service.0, "/late");
    assert_eq!(slot.in_flight(), 4);
    assert!(held[0].is_woken() && held[2].is_woken());
    for held in &mut held {
        assert_ready_ok!(held.poll());
    }
    drop(held);
    assert_eq!(slot.in_flight(), 1);
}

#[tokio::test(start_paused = true)]
async fn held_requests_call_in_the_order_of_their_arrival() {
    use std::sync::{Arc, Mutex};

    let slot = reloading();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let service = {
        let seen = Arc::clone(&seen);
        let service = tower::service_fn(move |request: Request<()>| {
            seen.lock().unwrap().push(request.uri().path().to_owned());
            std::future::ready(Ok::<_, crate::BoxError>(http::Response::new(
                crate::testing::Script::default(),
            )))
        });
        tower::Layer::layer(&PluginLayer::new(&slot).on_closed(hold(8)), service)
    };
    let calls: Vec<_> = ["/1", "/2", "/3", "/4"]
        .map(|path| {
            let mut service = service.clone();
            let request = Request::get(path).body(()).unwrap();
            // The order of the calls counts, not that of the first polls.
            let call = tower::Service::call(&mut service, request);
            tokio::spawn(async move { call.await.map(|_| ()) })
        })
        .into();
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
    assert_eq!(slot.held(), 4);
    open(&slot, 1);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(*seen.lock().unwrap(), ["/1", "/2", "/3", "/4"]);
}

#[tokio::test(start_paused = true)]
async fn held_request_that_is_dropped_gives_its_place_back() {
    let slot = reloading();
    let (mut service, mut handle) = gated(&slot, hold(1));
    let first = call(&mut service, "/first");
    assert_eq!(slot.held(), 1);
    drop(first);
    assert_eq!(slot.held(), 0);
    let mut second = call(&mut service, "/second");
    assert_pending!(second.poll());
    open(&slot, 1);
    assert_pending!(second.poll());
    assert_eq!(answer_next(&mut handle), "/second");
}

#[tokio::test(start_paused = true)]
async fn held_request_that_is_dropped_after_its_turn_came_leaves_and_the_next_is_served() {
    let slot = reloading();
    let (mut service, mut handle) = gated(&slot, hold(2));
    let mut first = call(&mut service, "/first");
    let mut second = call(&mut service, "/second");
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    open(&slot, 1);
    assert!(first.is_woken() && second.is_woken());
    assert_eq!(slot.in_flight(), 2);
    drop(first);
    assert_eq!(slot.in_flight(), 1);
    assert_pending!(second.poll());
    assert_eq!(answer_next(&mut handle), "/second");
    assert_ready_ok!(second.poll());
}

#[tokio::test(start_paused = true)]
async fn held_request_whose_turn_came_is_drained_as_any_other() {
    let slot = reloading();
    let (mut service, mut handle) = gated(&slot, hold(1));
    let mut call = call(&mut service, "/");
    assert_pending!(call.poll());
    open(&slot, 1);
    let old = slot.close(PluginState::Disabled).unwrap();
    assert!(!old.gate().is_drained(), "it is inside, though not polled");
    assert_pending!(call.poll());
    answer_next(&mut handle);
    assert_ready_ok!(call.poll());
    assert!(old.gate().is_drained());
}

#[tokio::test(start_paused = true)]
async fn held_request_waits_inside_for_the_service_to_be_ready() {
    let slot = reloading();
    let (mut service, mut handle) = gated(&slot, hold(1));
    handle.allow(0);
    let mut call = call(&mut service, "/");
    assert_pending!(call.poll());
    open(&slot, 1);
    assert_pending!(call.poll());
    assert_eq!(slot.in_flight(), 1);
    assert_not_called(&mut handle);
    handle.allow(1);
    assert!(call.is_woken());
    assert_pending!(call.poll());
    assert_eq!(answer_next(&mut handle), "/");
    assert_ready_ok!(call.poll());
}

#[tokio::test(start_paused = true)]
async fn held_request_is_cancelled_while_the_service_is_not_ready() {
    let slot = reloading();
    let (mut service, mut handle) = gated(&slot, hold(1));
    handle.allow(0);
    let mut call = call(&mut service, "/");
    assert_pending!(call.poll());
    open(&slot, 1);
    assert_pending!(call.poll());
    let old = slot.close(PluginState::Unloading).unwrap();
    old.gate().cancel();
    assert!(call.is_woken());
    let (status, text) = status_and_text(assert_ready_ok!(call.poll()));
    assert_eq!(status, 503);
    assert!(text.contains("request_cancelled"), "{text}");
    assert!(old.gate().is_drained());
    assert_eq!(old.gate().cancelled_count(), 1);
    assert_not_called(&mut handle);
}

#[tokio::test(start_paused = true)]
async fn failing_readiness_is_the_held_requests_error_and_it_leaves() {
    let slot = reloading();
    let (mut service, mut handle) = gated(&slot, hold(1));
    let mut call = call(&mut service, "/");
    assert_pending!(call.poll());
    handle.send_error("out of order");
    open(&slot, 1);
    let error = tokio_test::assert_ready_err!(call.poll());
    assert_eq!(error.to_string(), "out of order");
    assert_eq!(slot.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn service_that_was_not_ready_serves_the_request_once_it_is_though_the_slot_reopened() {
    let (slot, _) = crate::testing::open_slot();
    let (mut service, mut handle) = gated(&slot, hold(1));
    handle.allow(0);
    slot.close(PluginState::Reloading);
    assert_ready_ok!(poll_ready(&mut service));
    open(&slot, 2);
    let mut call = task::spawn(service.call(Request::new(())));
    assert_pending!(call.poll());
    assert_not_called(&mut handle);
    handle.allow(1);
    assert_pending!(call.poll());
    answer_next(&mut handle);
    assert_ready_ok!(call.poll());
}

/// The service in front keeps no readiness that the held request needs.
#[tokio::test(start_paused = true)]
async fn limit_behind_is_not_used_up_by_the_service_that_held() {
    use tower::limit::ConcurrencyLimit;

    let slot = reloading();
    let (inner, mut handle) = mock::pair();
    let limited: ConcurrencyLimit<Mock> = ConcurrencyLimit::new(inner, 1);
    let layer = PluginLayer::new(&slot).on_closed(hold(2));
    let mut service = mock::Spawn::new(tower::Layer::layer(&layer, limited));
    let mut calls = ["/1", "/2"].map(|path| {
        assert_ready_ok!(service.poll_ready::<Request<()>>());
        task::spawn(service.call(Request::get(path).body(()).unwrap()))
    });
    for call in &mut calls {
        assert_pending!(call.poll());
    }
    open(&slot, 1);
    let [first, second] = &mut calls;
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    assert_eq!(answer_next(&mut handle), "/1");
    assert_not_called(&mut handle);
    assert_ready_ok!(first.poll());
    assert_pending!(second.poll());
    assert_eq!(answer_next(&mut handle), "/2");
    assert_ready_ok!(second.poll());
}

#[tokio::test(start_paused = true)]
async fn held_request_to_upgrade_carries_a_lease() {
    let slot = reloading();
    let (mut service, mut handle) = gated(&slot, hold(1));
    assert_ready_ok!(poll_ready(&mut service));
    let connect = Request::connect("example.org:443").body(()).unwrap();
    let mut call = task::spawn(service.call(connect));
    assert_pending!(call.poll());
    open(&slot, 1);
    assert_pending!(call.poll());
    let (mut request, respond) = tokio_test::assert_ready!(handle.poll_request()).unwrap();
    let lease: Lease = request.extensions_mut().remove().expect("a lease");
    respond.send_response(http::Response::default());
    drop(assert_ready_ok!(call.poll()));
    assert_eq!((lease.generation(), slot.in_flight()), (1, 1));
    drop(lease);
    assert_eq!(slot.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn request_that_any_layer_holds_is_served_when_the_plugin_is_back() {
    let slot = reloading();
    let layer = PluginLayer::any(&slot).on_closed(hold(1));
    let (mut service, mut handle) = mock::spawn_layer::<u8, u8, _>(layer);
    assert_ready_ok!(service.poll_ready());
    let mut held = task::spawn(service.call(1));
    assert_pending!(held.poll());
    let mut full = task::spawn(service.call(2));
    let error = tokio_test::assert_ready_err!(full.poll());
    assert!(super::rejected(&error).is_hold_full());
    open(&slot, 1);
    assert_pending!(held.poll());
    let (request, respond) = tokio_test::assert_ready!(handle.poll_request()).unwrap();
    assert_eq!((request, slot.in_flight()), (1, 1));
    respond.send_response(2);
    assert_eq!(assert_ready_ok!(held.poll()), 2);
    assert_eq!(slot.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn plugin_that_serves_is_gated_as_without_a_policy() {
    for policy in [OnClosed::Reject, hold(1), OnClosed::Bypass] {
        let (slot, gate) = crate::testing::open_slot();
        let (mut service, mut handle) = gated(&slot, policy);
        let mut call = call(&mut service, "/");
        assert_pending!(call.poll());
        assert_eq!(gate.in_flight(), 1);
        answer_next(&mut handle);
        assert_ready_ok!(call.poll());
        assert_eq!(gate.in_flight(), 0);
    }
}
