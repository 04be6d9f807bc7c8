use std::time::Duration;

use http::StatusCode;
use http_body_util::BodyExt;
use tokio::time::advance;
use tokio_test::{assert_pending, assert_ready_ok, task};
use tower::{Layer, Service, ServiceExt};
use tower_plugin_gate::{Generation, PluginState, Slot};
use tower_plugin_swap::{SwapLayer, SwapService};

use super::{WAIT, hold};
use crate::support::{Numbered, Stamp, mocked, open, reply, request, swap};

fn reloading<T: Send + Sync + 'static>() -> Slot<T> {
    Slot::new("geo", PluginState::Reloading)
}

#[tokio::test(start_paused = true)]
async fn request_is_served_by_the_generation_that_comes() {
    let slot = reloading();
    let mut service = SwapService::new(&slot).on_closed(hold(1));
    let mut call = task::spawn(service.call(request()));
    assert_pending!(call.poll());
    assert_eq!((slot.held(), slot.in_flight()), (1, 0));
    slot.open(Generation::new(1, Numbered::new(4)));
    assert!(call.is_woken());
    let response = assert_ready_ok!(call.poll());
    assert_eq!(response.headers()["x-number"], "4");
    assert_eq!((slot.held(), slot.in_flight()), (0, 1));
    drop(response);
    assert_eq!(slot.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn request_is_wrapped_by_the_generation_that_comes_and_that_wraps_once() {
    let slot = reloading();
    let inner = Numbered::new(0);
    let layer = SwapLayer::new(&slot).on_closed(hold(2));
    let mut service = layer.layer(inner.clone());
    let mut clone = service.clone();
    let mut calls = [&mut service, &mut clone].map(|service| task::spawn(service.call(request())));
    for call in &mut calls {
        assert_pending!(call.poll());
    }
    let stamp = Stamp::new(3);
    slot.open(Generation::new(1, stamp.clone()));
    for call in &mut calls {
        assert_eq!(assert_ready_ok!(call.poll()).status(), StatusCode::OK);
    }
    assert_eq!((stamp.wrapped(), stamp.calls(), inner.calls()), (1, 2, 2));
    let counted = slot.counters();
    assert_eq!((counted.admitted, counted.rejected), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn turn_whose_generation_is_swapped_before_it_is_used_is_served_by_the_next() {
    let slot = reloading();
    let layer = SwapLayer::new(&slot).on_closed(hold(1));
    let mut service = layer.layer(Numbered::new(0));
    let mut call = task::spawn(service.call(request()));
    assert_pending!(call.poll());
    let first = Stamp::new(1);
    slot.open(Generation::new(1, first.clone()));
    let second = Stamp::new(2);
    let old = swap(&slot, second.clone());
    assert_eq!(old.gate().in_flight(), 1, "its turn came");
    let response = assert_ready_ok!(call.poll());
    assert_eq!(response.status(), StatusCode::OK);
    assert!(old.gate().is_drained());
    assert_eq!((first.wrapped(), second.calls()), (0, 1));
    assert_eq!(slot.in_flight(), 1);
}

#[tokio::test(start_paused = true)]
async fn turn_whose_generation_is_gone_before_it_is_used_waits_again_within_its_time() {
    let slot = reloading();
    let mut service = SwapService::new(&slot).on_closed(hold(1));
    let mut call = task::spawn(service.call(request()));
    assert_pending!(call.poll());
    advance(WAIT / 2).await;
    slot.open(Generation::new(1, Numbered::new(1)));
    let old = slot.close(PluginState::Reloading).unwrap();
    assert_pending!(call.poll());
    assert!(old.gate().is_drained());
    assert_eq!(slot.held(), 1);
    advance(WAIT / 2 + Duration::from_millis(1)).await;
    let response = assert_ready_ok!(call.poll());
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body = std::str::from_utf8(&body).unwrap();
    assert!(body.contains("did not come back while"), "{body}");

    // And is rejected at once where the plugin is not coming back.
    let mut call = task::spawn(service.call(request()));
    assert_pending!(call.poll());
    slot.open(Generation::new(2, Numbered::new(2)));
    slot.close(PluginState::Failed).unwrap();
    let response = assert_ready_ok!(call.poll());
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test(start_paused = true)]
async fn instance_is_not_called_before_it_is_ready() {
    let slot = reloading();
    let mut service = SwapService::new(&slot).on_closed(hold(1));
    let mut call = task::spawn(service.call(request()));
    assert_pending!(call.poll());
    let (instance, mut handle) = mocked();
    slot.open(Generation::new(1, instance));
    assert_pending!(call.poll());
    assert!(handle.poll_request().is_pending());
    assert_eq!(slot.in_flight(), 1);
    handle.allow(1);
    assert!(call.is_woken());
    assert_pending!(call.poll());
    let (_, respond) = tokio_test::assert_ready!(handle.poll_request()).unwrap();
    respond.send_response(reply("hello"));
    assert_ready_ok!(call.poll());
}

#[tokio::test(start_paused = true)]
async fn ready_then_closed_then_called_is_held() {
    let slot = open(Numbered::new(1));
    let mut service = SwapService::new(&slot).on_closed(hold(1));
    let ready = ServiceExt::<http::Request<()>>::ready(&mut service)
        .await
        .unwrap();
    slot.close(PluginState::Reloading);
    let mut call = task::spawn(ready.call(request()));
    assert_pending!(call.poll());
    slot.open(Generation::new(2, Numbered::new(2)));
    assert_eq!(assert_ready_ok!(call.poll()).headers()["x-number"], "2");
}

#[tokio::test(start_paused = true)]
async fn request_that_is_dropped_while_held_keeps_nothing() {
    let slot = reloading();
    let layer = SwapLayer::new(&slot).on_closed(hold(1));
    let mut service = layer.layer(Numbered::new(0));
    drop(service.call(request()));
    assert_eq!(slot.held(), 0);
    let call = service.call(request());
    slot.open(Generation::new(1, Stamp::new(1)));
    assert_eq!(slot.in_flight(), 1);
    drop(call);
    assert_eq!(slot.in_flight(), 0);
}
