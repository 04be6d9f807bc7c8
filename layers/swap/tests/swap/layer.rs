use std::sync::Arc;
use std::sync::Barrier;

use http::StatusCode;
use http_body_util::BodyExt;
use tokio_test::{assert_pending, assert_ready_ok, task};
use tower::{Layer, Service, ServiceBuilder, ServiceExt};
use tower_plugin_swap::SwapLayer;

use crate::support::{Handled, Numbered, Stamp, mocked, open, reply, request, send, swap};

#[tokio::test]
async fn inner_service_is_wrapped_by_the_current_instance() {
    let (first, second) = (Stamp::new(1), Stamp::new(2));
    let inner = Numbered::new(0);
    let slot = open(first.clone());
    let mut service = ServiceBuilder::new()
        .layer(SwapLayer::new(&Handled(slot.clone())))
        .service(inner.clone());
    send(&mut service).await;
    swap(&slot, second.clone());
    send(&mut service).await;
    assert_eq!((first.calls(), second.calls()), (1, 1));
    assert_eq!(inner.calls(), 2);
}

#[tokio::test]
async fn instance_wraps_once_for_all_clones() {
    let (first, second) = (Stamp::new(1), Stamp::new(2));
    let slot = open(first.clone());
    let service = SwapLayer::new(&slot).layer(Numbered::new(0));
    assert_eq!(first.wrapped(), 0, "nobody has come yet");
    for _ in 0..3 {
        service.clone().oneshot(request()).await.unwrap();
    }
    swap(&slot, second.clone());
    for _ in 0..3 {
        service.clone().oneshot(request()).await.unwrap();
    }
    assert_eq!((first.wrapped(), second.wrapped()), (1, 1));
    assert_eq!((first.calls(), second.calls()), (3, 3));
}

#[test]
fn instance_wraps_once_for_clones_that_come_at_the_same_time() {
    for _ in 0..200 {
        let stamp = Stamp::new(1);
        let slot = open(stamp.clone());
        let service = SwapLayer::new(&slot).layer(Numbered::new(0));
        let start = Arc::new(Barrier::new(4));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let (service, start) = (service.clone(), Arc::clone(&start));
                scope.spawn(move || {
                    start.wait();
                    let mut future = task::spawn(service.oneshot(request()));
                    assert_ready_ok!(future.poll());
                });
            }
        });
        assert_eq!((stamp.wrapped(), stamp.calls()), (1, 4));
    }
}

#[test]
fn each_middleware_wraps_for_itself() {
    let stamp = Stamp::new(1);
    let slot = open(stamp.clone());
    let layer = SwapLayer::new(&slot);
    for _ in 0..2 {
        let mut future = task::spawn(layer.layer(Numbered::new(0)).oneshot(request()));
        assert_ready_ok!(future.poll());
    }
    assert_eq!(stamp.wrapped(), 2);
}

#[tokio::test]
async fn swap_between_ready_and_call_awaits_the_inner_service_anew() {
    let (inner, mut handle) = mocked();
    let (first, second) = (Stamp::new(1), Stamp::new(2));
    let slot = open(first.clone());
    let mut service = task::spawn(SwapLayer::new(&slot).layer(inner));
    handle.allow(1);
    assert_ready_ok!(service.enter(|cx, mut service| service.poll_ready(cx)));

    swap(&slot, second.clone());
    handle.allow(0);
    let mut future = task::spawn(service.enter(|_, mut service| service.call(request())));
    assert_pending!(future.poll());
    assert_eq!((first.calls(), second.calls()), (0, 0));
    handle.allow(1);
    assert!(future.is_woken());
    assert_pending!(future.poll());
    let (request, respond) = handle.next_request().await.expect("the request");
    assert_eq!(request.headers()["x-number"], "2");
    respond.send_response(reply("hello"));
    assert_eq!(assert_ready_ok!(future.poll()).status(), StatusCode::OK);
    assert_eq!((first.calls(), second.calls()), (0, 1));
}

#[tokio::test]
async fn response_passes_unchanged_and_is_counted_to_its_end() {
    let slot = open(Stamp::new(1));
    let service = SwapLayer::new(&slot).layer(Numbered::new(5));
    let response = service.oneshot(request()).await.unwrap();
    assert_eq!(slot.in_flight(), 1);
    let plain = Numbered::new(5).oneshot(request()).await.unwrap();
    assert_eq!(response.headers(), plain.headers());
    assert_eq!(
        http_body::Body::size_hint(response.body()).exact(),
        http_body::Body::size_hint(plain.body()).exact()
    );
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "hello"
    );
    assert_eq!(slot.in_flight(), 0);
}
