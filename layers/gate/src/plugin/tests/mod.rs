//! Poll by poll, against a mock service.

#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

mod answers;
mod cancel;
mod counters;
mod panics;
mod ready;
mod release;
mod upgrade;

use http::{Request, Response};
use tokio_test::task;
use tower_test::mock;

use super::{PluginLayer, PluginService, ResponseBody, ResponseFuture};
use crate::BoxError;
use crate::testing::Script;

type Mock = mock::Mock<Request<()>, Response<Script>>;
type Service = mock::Spawn<PluginService<Mock>>;
type Handle = mock::Handle<Request<()>, Response<Script>>;
type MockFuture = mock::future::ResponseFuture<Response<Script>>;
type Call = task::Spawn<ResponseFuture<MockFuture>>;
type Gated = Response<ResponseBody<Script>>;

fn gated(layer: PluginLayer) -> (Service, Handle) {
    mock::spawn_layer(layer)
}

fn call(service: &mut Service, request: Request<()>) -> Call {
    task::spawn(service.call(request))
}

/// What the mock service is given, and what it answers with.
type Seen = (Request<()>, mock::SendResponse<Response<Script>>);

/// A request that is ready, called, seen by the mock and not yet answered.
fn in_flight(
    service: &mut Service,
    handle: &mut Handle,
    request: Request<()>,
) -> (Call, Request<()>, mock::SendResponse<Response<Script>>) {
    tokio_test::assert_ready_ok!(service.poll_ready::<Request<()>>());
    let mut call = call(service, request);
    let (seen, respond) = seen(handle);
    tokio_test::assert_pending!(call.poll());
    (call, seen, respond)
}

fn seen(handle: &mut Handle) -> Seen {
    tokio_test::assert_ready!(handle.poll_request()).expect("a request")
}

/// The service behind was called by nobody.
fn assert_not_called(handle: &mut Handle) {
    assert!(handle.poll_request().is_pending());
}

/// The head and the body of a request that is answered with `script`.
fn answered(service: &mut Service, handle: &mut Handle, script: Script) -> Body {
    let (mut call, _, respond) = in_flight(service, handle, Request::new(()));
    respond.send_response(Response::new(script));
    let response: Result<Gated, BoxError> = tokio_test::assert_ready!(call.poll());
    Body::new(response.unwrap().into_body())
}

/// A response body with a task to poll it.
struct Body(task::Spawn<ResponseBody<Script>>);

type Frame = Option<Result<http_body::Frame<bytes::Bytes>, crate::ResponseBodyError>>;

impl Body {
    fn new(body: ResponseBody<Script>) -> Self {
        Self(task::spawn(body))
    }

    fn poll(&mut self) -> std::task::Poll<Frame> {
        self.0
            .enter(|cx, body| http_body::Body::poll_frame(body, cx))
    }

    fn next(&mut self) -> Frame {
        tokio_test::assert_ready!(self.poll())
    }
}
