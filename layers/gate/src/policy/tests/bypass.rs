use http::Request;
use tokio_test::{assert_pending, assert_ready_ok, task};

use super::{OnClosed, answer_next, assert_not_called, call, gated, open, poll_ready};
use crate::{Lease, PluginState, Slot};

fn failed() -> Slot<()> {
    Slot::new("geo", PluginState::Failed)
}

#[test]
fn bypassed_request_is_not_inside_and_out_of_reach_of_a_drain() {
    let slot = failed();
    let (mut service, mut handle) = gated(&slot, OnClosed::Bypass);
    let mut bypassed = call(&mut service, "/");
    assert_pending!(bypassed.poll());
    assert_eq!((slot.held(), slot.in_flight()), (0, 0));
    open(&slot, 1);
    slot.close(PluginState::Disabled).unwrap().gate().cancel();
    assert_pending!(bypassed.poll());
    answer_next(&mut handle);
    assert_eq!(assert_ready_ok!(bypassed.poll()).status(), 200);
}

/// The gate makes nobody ready here: what is not ready is not called, closed or not.
#[test]
fn bypass_waits_for_the_service_to_be_ready() {
    let slot = failed();
    let (mut service, mut handle) = gated(&slot, OnClosed::Bypass);
    handle.allow(0);
    assert_pending!(poll_ready(&mut service));
    slot.close(PluginState::Disabled);
    assert_pending!(poll_ready(&mut service));
    handle.allow(1);
    assert!(service.is_woken());
    let mut bypassed = call(&mut service, "/");
    assert_pending!(bypassed.poll());
    answer_next(&mut handle);
    assert_ready_ok!(bypassed.poll());
}

#[test]
fn ready_then_closed_then_called_goes_past_the_gate() {
    let (slot, gate) = crate::testing::open_slot();
    let (mut service, mut handle) = gated(&slot, OnClosed::Bypass);
    assert_ready_ok!(poll_ready(&mut service));
    slot.close(PluginState::Reloading);
    let mut bypassed = task::spawn(service.call(Request::new(())));
    assert_pending!(bypassed.poll());
    assert!(gate.is_drained());
    answer_next(&mut handle);
    assert_ready_ok!(bypassed.poll());
    assert_not_called(&mut handle);
}

#[test]
fn bypassed_request_to_upgrade_carries_no_lease() {
    let slot = failed();
    let (mut service, mut handle) = gated(&slot, OnClosed::Bypass);
    assert_ready_ok!(poll_ready(&mut service));
    let connect = Request::connect("example.org:443").body(()).unwrap();
    let _bypassed = task::spawn(service.call(connect));
    let (request, _) = tokio_test::assert_ready!(handle.poll_request()).unwrap();
    assert!(request.extensions().get::<Lease>().is_none());
}

#[test]
fn body_of_a_bypassed_request_is_as_the_service_made_it() {
    use crate::testing::Script;
    use crate::testing::Step::{Data, Error, Pending};
    use http_body::{Body, SizeHint};

    let slot = failed();
    let (mut service, mut handle) = gated(&slot, OnClosed::Bypass);
    let mut bypassed = call(&mut service, "/");
    let (_, respond) = tokio_test::assert_ready!(handle.poll_request()).unwrap();
    let script = Script::new([Data("a"), Pending, Data("b"), Error]);
    let script = script.knowing_its_end().hinting(SizeHint::with_exact(2));
    respond.send_response(http::Response::new(script));
    let body = assert_ready_ok!(bypassed.poll()).into_body();
    assert_eq!(body.size_hint().exact(), Some(2));
    let mut body = task::spawn(body);
    let mut data = Vec::new();
    loop {
        match body.enter(|cx, body| body.poll_frame(cx)) {
            std::task::Poll::Pending => {}
            std::task::Poll::Ready(Some(Ok(frame))) => data.push(frame.into_data().unwrap()),
            std::task::Poll::Ready(end) => {
                assert!(end.expect("an error").is_err());
                break;
            }
        }
    }
    assert_eq!(data, ["a", "b"]);
    assert!(body.is_end_stream());
}
