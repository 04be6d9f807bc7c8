use std::time::Duration;

use http::{Method, Request, StatusCode};
use http_body::Body as _;
use tokio_test::{assert_ready_ok, task};

use super::{Body, Gated, gated};
use crate::{PluginLayer, PluginState, Slot};

fn rejection(layer: PluginLayer, request: Request<()>) -> Gated {
    let (mut service, _handle) = gated(layer);
    assert_ready_ok!(service.poll_ready::<Request<()>>());
    let mut call = task::spawn(service.call(request));
    assert_ready_ok!(call.poll())
}

fn closed(state: PluginState) -> Slot<()> {
    Slot::new("geo", state)
}

#[test]
fn http_rejection_is_a_503_that_names_plugin_and_state() {
    let slot = closed(PluginState::Disabled);
    let response = rejection(PluginLayer::new(&slot), Request::new(()));
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(response.headers()["content-type"], "application/json");
    let length = response.body().size_hint().exact().expect("a known length");
    assert!(!response.body().is_end_stream());

    let mut body = Body::new(response.into_body());
    let data = body
        .next()
        .expect("a frame")
        .unwrap()
        .into_data()
        .expect("data");
    assert_eq!(data.len() as u64, length);
    assert_eq!(
        data,
        r#"{"plugin":"geo","status":"error","code":"plugin_unavailable","state":"disabled","message":"plugin `geo` is disabled; retry once an operator has brought it back"}"#
    );
    assert!(body.next().is_none());
}

#[test]
fn retry_after_is_the_layers() {
    let slot = closed(PluginState::Reloading);
    let layer = PluginLayer::new(&slot).retry_after(Duration::from_millis(4100));
    let response = rejection(layer, Request::new(()));
    assert_eq!(response.headers()["retry-after"], "5");
}

#[test]
fn grpc_rejection_is_a_status_on_headers_that_end_the_stream() {
    let slot = closed(PluginState::Reloading);
    let response = rejection(PluginLayer::grpc(&slot), Request::new(()));
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/grpc");
    assert_eq!(response.headers()["grpc-status"], "14");
    let message = response.headers()["grpc-message"].to_str().unwrap();
    assert_eq!(message, "plugin `geo` is reloading; retry shortly");
    assert!(response.body().is_end_stream());
}

#[test]
fn connect_is_never_answered_with_a_2xx() {
    let slot = closed(PluginState::Reloading);
    for layer in [PluginLayer::new(&slot), PluginLayer::grpc(&slot)] {
        let mut request = Request::new(());
        *request.method_mut() = Method::CONNECT;
        let response = rejection(layer, request);
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
