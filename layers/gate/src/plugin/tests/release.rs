use http::{Request, Response};
use http_body::{Body as _, SizeHint};
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok, task};

use super::{answered, call, gated, in_flight};
use crate::testing::Step::{Data, Error, Pending, Trailers};
use crate::testing::{Script, Step, open_slot};
use crate::{Answer, Gate, PluginLayer, Protocol, ResponseBody};

/// A gated body that is being told, and its gate.
fn body(script: Script) -> (super::Body, Gate) {
    let (slot, gate) = open_slot();
    let (mut service, mut handle) = gated(PluginLayer::new(&slot));
    (answered(&mut service, &mut handle, script), gate)
}

fn steps(steps: &[Step]) -> Script {
    Script::new(steps.iter().copied())
}

#[test]
fn request_whose_future_is_never_polled_leaves_when_it_is_dropped() {
    let (slot, gate) = open_slot();
    let (mut service, _handle) = gated(PluginLayer::new(&slot));
    assert_ready_ok!(service.poll_ready::<Request<()>>());
    let call = call(&mut service, Request::new(()));
    assert_eq!(gate.in_flight(), 1);
    drop(call);
    assert_eq!(gate.in_flight(), 0);
}

#[test]
fn request_whose_future_is_dropped_midway_leaves() {
    let (slot, gate) = open_slot();
    let (mut service, mut handle) = gated(PluginLayer::new(&slot));
    let (call, _, _respond) = in_flight(&mut service, &mut handle, Request::new(()));
    assert_eq!(gate.in_flight(), 1);
    drop(call);
    assert_eq!(gate.in_flight(), 0);
}

#[test]
fn failed_request_leaves_though_its_future_is_held() {
    let (slot, gate) = open_slot();
    let (mut service, mut handle) = gated(PluginLayer::new(&slot));
    let (mut call, _, respond) = in_flight(&mut service, &mut handle, Request::new(()));
    respond.send_error("no luck");
    let error = assert_ready_err!(call.poll());
    assert_eq!(error.to_string(), "no luck");
    assert_eq!(gate.in_flight(), 0);
    drop(call);
    assert_eq!(gate.in_flight(), 0);
}

#[test]
fn answered_request_is_inside_while_its_body_lives() {
    let (body, gate) = body(steps(&[Data("a")]));
    assert_eq!(gate.in_flight(), 1);
    drop(body);
    assert_eq!(gate.in_flight(), 0);
}

#[test]
fn body_leaves_at_its_end_though_it_is_held() {
    let (mut body, gate) = body(steps(&[Data("a"), Pending, Data("b")]));
    body.next().expect("a frame").unwrap();
    assert_pending!(body.poll());
    body.next().expect("a frame").unwrap();
    assert_eq!(gate.in_flight(), 1);
    assert!(body.next().is_none());
    assert_eq!(gate.in_flight(), 0);
    assert!(
        body.next().is_none(),
        "polling on is as with the body itself"
    );
    drop(body);
    assert_eq!(gate.in_flight(), 0, "released once");
}

#[test]
fn body_that_knows_its_end_leaves_with_the_last_frame() {
    let (mut body, gate) = body(steps(&[Data("a"), Data("b")]).knowing_its_end());
    body.next().expect("a frame").unwrap();
    assert_eq!(gate.in_flight(), 1);
    body.next().expect("a frame").unwrap();
    assert_eq!(gate.in_flight(), 0);
}

#[test]
fn body_leaves_with_its_trailers() {
    let (mut body, gate) = body(steps(&[Data("a"), Trailers]));
    body.next().expect("a frame").unwrap();
    assert_eq!(gate.in_flight(), 1);
    let trailers = body.next().expect("a frame").unwrap();
    assert!(trailers.is_trailers());
    assert_eq!(gate.in_flight(), 0);
}

#[test]
fn body_leaves_with_its_error_though_it_is_held() {
    let (mut body, gate) = body(steps(&[Data("a"), Error]));
    body.next().expect("a frame").unwrap();
    let error = body.next().expect("an error").expect_err("an error");
    assert_eq!(error.get_ref().to_string(), "the body failed");
    assert!(!error.is_cancelled() && !error.is_panic(), "{error}");
    assert_eq!(gate.in_flight(), 0);
    drop(body);
    assert_eq!(gate.in_flight(), 0, "released once");
}

#[test]
fn empty_body_leaves_before_anybody_polls_it() {
    let (_body, gate) = body(steps(&[]).knowing_its_end());
    assert_eq!(gate.in_flight(), 0);
}

#[test]
fn end_of_stream_and_size_hint_are_the_bodys() {
    let mut hint = SizeHint::new();
    hint.set_lower(3);
    hint.set_upper(9);
    let gate = Gate::new();
    let permit = || gate.enter().expect("a new gate is open");
    let answer = Answer::new(Protocol::Http);
    let gated = |script| ResponseBody::around(Response::new(script), permit(), answer).into_body();

    let body = gated(steps(&[Data("a")]).knowing_its_end().hinting(hint));
    assert!(!body.is_end_stream());
    assert_eq!(body.size_hint().lower(), 3);
    assert_eq!(body.size_hint().upper(), Some(9));

    let mut body = task::spawn(gated(steps(&[Data("a")]).knowing_its_end()));
    assert_ready!(body.enter(|cx, body| body.poll_frame(cx)));
    assert!(body.is_end_stream());

    let body = gated(Script::default().hinting(SizeHint::with_exact(7)));
    assert!(
        !body.is_end_stream(),
        "nothing is claimed that the body does not say"
    );
    assert_eq!(body.size_hint().exact(), Some(7));
}

/// The body of a response that announces a length which its body does not know.
fn announced(length: &'static str, script: Script) -> (super::Body, Gate) {
    let (slot, gate) = open_slot();
    let (mut service, mut handle) = gated(PluginLayer::new(&slot));
    let (mut call, _, respond) = in_flight(&mut service, &mut handle, Request::new(()));
    let response = Response::builder().header("content-length", length);
    respond.send_response(response.body(script).unwrap());
    let response = assert_ready_ok!(call.poll());
    (super::Body::new(response.into_body()), gate)
}

#[test]
fn body_of_an_announced_length_leaves_with_its_last_byte() {
    let (mut body, gate) = announced("5", steps(&[Data("he"), Pending, Data("llo")]));
    body.next().expect("a frame").unwrap();
    assert_pending!(body.poll());
    assert_eq!(gate.in_flight(), 1);
    body.next().expect("a frame").unwrap();
    assert_eq!(gate.in_flight(), 0, "though nobody has asked for its end");
    drop(body);
    let counters = gate.counters();
    assert_eq!((counters.completed, counters.abandoned), (1, 0));
}

#[test]
fn body_of_an_announced_length_that_is_dropped_before_is_abandoned() {
    for (length, script) in [
        ("5", steps(&[Data("he"), Data("llo")])),
        ("much", steps(&[Data("he"), Data("llo")])),
    ] {
        let (mut body, gate) = announced(length, script);
        body.next().expect("a frame").unwrap();
        drop(body);
        let counters = gate.counters();
        assert_eq!((counters.completed, counters.abandoned), (0, 1), "{length}");
        assert_eq!(gate.in_flight(), 0);
    }
}

#[test]
fn body_of_an_announced_length_that_ends_or_fails_otherwise_leaves_once() {
    let (mut body, gate) = announced("5", steps(&[Data("he")]));
    body.next().expect("a frame").unwrap();
    assert!(body.next().is_none());
    assert_eq!((gate.in_flight(), gate.counters().completed), (0, 1));

    let (mut body, gate) = announced("5", steps(&[Data("he"), Error]));
    body.next().expect("a frame").unwrap();
    body.next().expect("an error").unwrap_err();
    assert_eq!((gate.in_flight(), gate.counters().failed), (0, 1));

    let (body, gate) = announced("0", steps(&[]));
    assert_eq!((gate.in_flight(), gate.counters().completed), (0, 1));
    drop(body);
}

#[test]
fn body_of_an_announced_length_is_cancelled_as_any_other() {
    let (mut body, gate) = announced("5", steps(&[Data("he"), Step::Stuck]));
    body.next().expect("a frame").unwrap();
    assert_pending!(body.poll());
    gate.close();
    gate.cancel();
    assert!(body.0.is_woken());
    let error = body.next().expect("an error").unwrap_err();
    assert!(error.is_cancelled(), "{error}");
    assert_eq!((gate.in_flight(), gate.cancelled_count()), (0, 1));
}

#[test]
fn head_request_leaves_with_the_head_of_its_response() {
    let (slot, gate) = open_slot();
    for version in [http::Version::HTTP_11, http::Version::HTTP_2] {
        let (mut service, mut handle) = gated(PluginLayer::new(&slot));
        let mut request = Request::new(());
        (*request.method_mut(), *request.version_mut()) = (http::Method::HEAD, version);
        let (mut call, _, respond) = in_flight(&mut service, &mut handle, request);
        assert_eq!(gate.in_flight(), 1);
        respond.send_response(Response::new(steps(&[Data("hello")])));
        let response = assert_ready_ok!(call.poll());
        assert_eq!(gate.in_flight(), 0);
        // Whoever reads the body all the same, gets it.
        let mut body = super::Body::new(response.into_body());
        body.next().expect("a frame").unwrap();
    }
    let counters = gate.counters();
    assert_eq!((counters.completed, counters.abandoned), (2, 0));
}
