use std::sync::Arc;

use http::{Request, Response, StatusCode};
use http_body::Body as _;
use tokio_test::{assert_pending, assert_ready_ok, task};

use super::{Body, Handle, Service, answered, gated, in_flight};
use crate::testing::Step::{Data, Stuck, Trailers};
use crate::testing::{Script, open_slot};
use crate::{Answer, BoxError, Gate, PluginLayer, PluginState, ResponseFuture, Slot};

struct Cut {
    slot: Slot<()>,
    gate: Gate,
    service: Service,
    handle: Handle,
}

fn http() -> Cut {
    let (slot, gate) = open_slot();
    let (service, handle) = gated(PluginLayer::new(&slot));
    Cut {
        slot,
        gate,
        service,
        handle,
    }
}

fn grpc() -> Cut {
    let (slot, gate) = open_slot();
    let (service, handle) = gated(PluginLayer::grpc(&slot));
    Cut {
        slot,
        gate,
        service,
        handle,
    }
}

impl Cut {
    /// A drain that passes its deadline.
    fn cut_off(&self) {
        self.slot.close(PluginState::Reloading);
        self.gate.cancel();
    }

    /// A body of which one frame was read, and that then has nothing to say for now.
    fn mid_body(&mut self) -> Body {
        let script = Script::new([Data("a"), Stuck]);
        let mut body = answered(&mut self.service, &mut self.handle, script);
        body.next().expect("a frame").unwrap();
        body
    }
}

#[test]
fn request_without_a_head_is_answered_503_once() {
    let mut cut = http();
    let (mut call, _seen, _respond) =
        in_flight(&mut cut.service, &mut cut.handle, Request::new(()));
    assert!(!call.is_woken());
    cut.cut_off();
    assert!(call.is_woken());
    let response = assert_ready_ok!(call.poll());
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(cut.gate.in_flight(), 0);
    assert!(cut.gate.is_drained());
    assert_eq!(cut.gate.cancelled_count(), 1);
}

#[test]
fn work_of_a_cancelled_request_is_dropped_with_the_answer() {
    let gate = Gate::new();
    let permit = gate.enter().expect("a new gate is open");
    let alive = Arc::new(());
    let works = alive.clone();
    let work = async move {
        let _works = works;
        std::future::pending::<Result<Response<Script>, BoxError>>().await
    };
    let mut call = task::spawn(ResponseFuture::admitted(|| work, permit, Answer::default()));
    assert_pending!(call.poll());
    gate.cancel();
    assert_ready_ok!(call.poll());
    assert_eq!(Arc::strong_count(&alive), 1, "though its future is held");
}

#[test]
fn http_body_ends_with_one_error() {
    let mut cut = http();
    let mut body = cut.mid_body();
    assert_pending!(body.poll());
    cut.cut_off();
    assert!(body.0.is_woken());
    let error = body.next().expect("an error").expect_err("an error");
    let cancelled = error.cancelled().expect("the drain's error");
    assert_eq!(cancelled.plugin(), "geo");
    assert_eq!(cancelled.state(), PluginState::Reloading);
    assert_eq!(cut.gate.in_flight(), 0);
    assert_eq!(cut.gate.cancelled_count(), 1);
    assert!(body.next().is_none());
    assert!(body.0.is_end_stream());
}

#[test]
fn body_that_always_has_more_is_cut_off_too() {
    let mut cut = http();
    let script = Script::new([Data("a"); 3]);
    let mut body = answered(&mut cut.service, &mut cut.handle, script);
    body.next().expect("a frame").unwrap();
    cut.cut_off();
    body.next().expect("an error").expect_err("an error");
    assert!(body.next().is_none());
}

#[test]
fn grpc_body_ends_with_the_status_in_trailers() {
    let mut cut = grpc();
    let mut body = cut.mid_body();
    cut.cut_off();
    let frame = body.next().expect("a frame").unwrap();
    let trailers = frame.into_trailers().expect("trailers");
    assert_eq!(trailers["grpc-status"], "14");
    assert!(trailers["grpc-message"].to_str().unwrap().contains("geo"));
    assert!(body.next().is_none());
    assert_eq!(cut.gate.in_flight(), 0);
}

#[test]
fn head_that_is_there_when_the_cancellation_is_seen_is_the_services() {
    let mut cut = http();
    let (mut call, _, respond) = in_flight(&mut cut.service, &mut cut.handle, Request::new(()));
    respond.send_response(Response::new(Script::new([Data("a")]).knowing_its_end()));
    cut.cut_off();
    let response = assert_ready_ok!(call.poll());
    assert_eq!(response.status(), StatusCode::OK);
    let mut body = Body::new(response.into_body());
    body.next()
        .expect("a frame")
        .expect("the body was whole already");
    assert_eq!(cut.gate.in_flight(), 0);
    assert_eq!(cut.gate.cancelled_count(), 0);
}

#[test]
fn end_that_is_there_when_the_cancellation_is_seen_is_the_bodys() {
    for last in [None, Some(Trailers)] {
        let mut cut = grpc();
        let script = Script::new([Some(Data("a")), last].into_iter().flatten());
        let mut body = answered(&mut cut.service, &mut cut.handle, script);
        body.next().expect("a frame").unwrap();
        cut.cut_off();
        let end = body.next().map(Result::unwrap);
        let trailers = end.map(|frame| frame.into_trailers().expect("trailers"));
        assert_eq!(
            trailers,
            last.map(|_| http::HeaderMap::new()),
            "not the drain's"
        );
        assert_eq!(cut.gate.in_flight(), 0);
        assert_eq!(cut.gate.cancelled_count(), 0);
    }
}

#[test]
fn error_that_is_there_when_the_cancellation_is_seen_is_the_services() {
    let mut cut = http();
    let (mut call, _, respond) = in_flight(&mut cut.service, &mut cut.handle, Request::new(()));
    respond.send_error("no luck");
    cut.cut_off();
    let error: BoxError = tokio_test::assert_ready_err!(call.poll());
    assert_eq!(error.to_string(), "no luck");
    assert_eq!(cut.gate.cancelled_count(), 0);
}

#[test]
fn body_that_nobody_polls_stays_inside_after_the_cancellation() {
    let mut cut = http();
    let body = cut.mid_body();
    cut.cut_off();
    assert_eq!(cut.gate.in_flight(), 1, "what cannot be reached is said");
    assert!(!cut.gate.is_drained());
    drop(body);
    assert!(cut.gate.is_drained());
    assert_eq!(cut.gate.cancelled_count(), 1);
}

#[test]
fn completed_request_is_not_counted_as_cancelled() {
    let mut cut = http();
    let mut body = answered(&mut cut.service, &mut cut.handle, Script::default());
    assert!(body.next().is_none());
    cut.cut_off();
    drop(body);
    assert_eq!(cut.gate.cancelled_count(), 0);
}
