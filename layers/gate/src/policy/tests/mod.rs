//! Poll by poll, against a mock service, with the clock stopped.

#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

mod bypass;
mod hold;
mod limits;
mod sizes;
mod table;

use std::task::Poll;
use std::time::Duration;

use http::{Request, Response};
use tokio_test::task;
use tower_test::mock;

use crate::testing::Script;
use crate::{
    BoxError, Generation, OnClosed, PluginLayer, PluginService, PluginState, Rejected,
    ResponseBody, Slot,
};

type Mock = mock::Mock<Request<()>, Response<Script>>;
type Service = mock::Spawn<PluginService<Mock, OnClosed>>;
type Handle = mock::Handle<Request<()>, Response<Script>>;
type Call = task::Spawn<<PluginService<Mock, OnClosed> as tower::Service<Request<()>>>::Future>;
type Gated = Response<ResponseBody<Script>>;

const WAIT: Duration = Duration::from_secs(5);

fn hold(max_held: usize) -> OnClosed {
    OnClosed::Hold {
        max_wait: WAIT,
        max_held,
    }
}

fn reloading() -> Slot<()> {
    Slot::new("geo", PluginState::Reloading)
}

fn gated(slot: &Slot<()>, policy: OnClosed) -> (Service, Handle) {
    mock::spawn_layer(PluginLayer::new(slot).on_closed(policy))
}

fn poll_ready(service: &mut Service) -> Poll<Result<(), BoxError>> {
    service.poll_ready::<Request<()>>()
}

/// A request to `path`, called on a service that is ready.
fn call(service: &mut Service, path: &str) -> Call {
    tokio_test::assert_ready_ok!(poll_ready(service));
    task::spawn(service.call(Request::get(path).body(()).unwrap()))
}

fn open(slot: &Slot<()>, number: u64) {
    slot.open(Generation::new(number, ()));
}

/// The path of the next request that the mock has seen, which is then answered.
fn answer_next(handle: &mut Handle) -> String {
    let seen = tokio_test::assert_ready!(handle.poll_request());
    let (request, respond) = seen.expect("a request");
    respond.send_response(Response::new(Script::default()));
    request.uri().path().to_owned()
}

fn assert_not_called(handle: &mut Handle) {
    assert!(handle.poll_request().is_pending());
}

/// The status, and the text of the body, which is one frame at most.
fn status_and_text(response: Gated) -> (u16, String) {
    let status = response.status().as_u16();
    let mut body = task::spawn(response.into_body());
    let frame =
        tokio_test::assert_ready!(body.enter(|cx, body| { http_body::Body::poll_frame(body, cx) }));
    let data = frame.map(|frame| frame.unwrap().into_data().unwrap());
    (
        status,
        String::from_utf8(data.unwrap_or_default().into()).unwrap(),
    )
}

fn rejected(error: &BoxError) -> &Rejected {
    error.downcast_ref().expect("a rejection")
}
