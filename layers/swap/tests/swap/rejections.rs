use http::{Request, StatusCode};
use http_body_util::BodyExt;
use std::time::Duration;
use tower::{Layer, ServiceExt};
use tower_plugin_gate::{PluginState, Slot};
use tower_plugin_swap::{SwapLayer, SwapService};

use crate::support::{Numbered, Stamp, open, request};

#[tokio::test]
async fn plugin_without_a_generation_is_answered_503_with_reason_and_retry_after() {
    let slot = Slot::<Numbered>::new("geo", PluginState::Failed);
    let service = SwapService::new(&slot).retry_after(Duration::from_secs(7));
    let response = service.oneshot(request()).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "7");
    assert_eq!(response.headers()["content-type"], "application/json");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body = std::str::from_utf8(&body).unwrap();
    assert!(body.contains(r#""plugin":"geo""#), "{body}");
    assert!(body.contains(r#""state":"failed""#), "{body}");
}

#[tokio::test]
async fn rejected_request_does_not_reach_the_service_inside() {
    let slot = Slot::<Stamp>::new("geo", PluginState::Disabled);
    let inner = Numbered::new(0);
    let layer = SwapLayer::new(&slot).retry_after(Duration::from_millis(1));
    let response = layer.layer(inner.clone()).oneshot(request()).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(inner.calls(), 0);
}

#[tokio::test]
async fn grpc_call_is_rejected_as_unavailable() {
    let slot = Slot::<Numbered>::new("geo", PluginState::Reloading);
    let response = SwapService::grpc(&slot).oneshot(request()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["grpc-status"], "14");

    let slot = Slot::<Stamp>::new("geo", PluginState::Reloading);
    let service = SwapLayer::grpc(&slot).layer(Numbered::new(0));
    let response = service.oneshot(request()).await.unwrap();
    assert_eq!(response.headers()["grpc-status"], "14");
    assert_eq!(response.headers()["content-type"], "application/grpc");
}

#[tokio::test]
async fn connect_is_never_rejected_with_success() {
    let slot = Slot::<Numbered>::new("geo", PluginState::Disabled);
    let connect = Request::connect("example.org:443").body(()).unwrap();
    let response = SwapService::grpc(&slot).oneshot(connect).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn gate_closed_past_the_slot_rejects_instead_of_looking_for_ever() {
    let slot = open(Numbered::new(1));
    slot.generation().expect("the first").gate().cancel();
    let response = SwapService::new(&slot).oneshot(request()).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);

    let slot = open(Stamp::new(1));
    slot.generation().expect("the first").gate().close();
    let service = SwapLayer::new(&slot).layer(Numbered::new(0));
    let response = service.oneshot(request()).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}
