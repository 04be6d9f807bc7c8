use std::cell::RefCell;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::rc::Rc;
use std::task::Poll;

use http::{Request, Response, Version};
use http_body::Body as _;
use tokio_test::{assert_pending, assert_ready, assert_ready_ok, task};
use tower::{Layer, Service, service_fn};

use super::{LingerBody, LingerLayer, Upload};
use crate::testing::Script;
use crate::testing::Step::{self, Data, Error, Pending, Stuck};

type Gated = Response<LingerBody<Script, Script>>;

/// Answers `answer` without a look at the request.
fn early(
    answer: &'static [Step],
) -> impl Service<Request<Upload<Script>>, Response = Response<Script>, Error = Infallible, Future = Early>
{
    service_fn(move |_| ready(Ok(Response::new(script(answer).knowing_its_end()))))
}

type Early = Ready<Result<Response<Script>, Infallible>>;

fn script(steps: &[Step]) -> Script {
    Script::new(steps.iter().copied())
}

fn post(upload: &[Step]) -> Request<Script> {
    Request::new(script(upload).knowing_its_end())
}

fn answer(layer: LingerLayer, request: Request<Script>) -> Gated {
    let mut call = task::spawn(layer.layer(early(&[Data("a")])).call(request));
    assert_ready_ok!(call.poll())
}

fn body(response: Gated) -> task::Spawn<LingerBody<Script, Script>> {
    task::spawn(response.into_body())
}

fn poll(body: &mut task::Spawn<LingerBody<Script, Script>>) -> Poll<bool> {
    let polled = body.enter(|cx, body| body.poll_frame(cx));
    polled.map(|frame| frame.is_some_and(|frame| frame.is_ok()))
}

#[test]
fn head_comes_at_once_and_the_body_after_the_upload() {
    let upload = [Data("1"), Pending, Data("2"), Pending];
    let mut body = body(answer(LingerLayer::new(), post(&upload)));
    assert_pending!(poll(&mut body));
    assert!(body.is_woken());
    assert_pending!(poll(&mut body));
    assert!(assert_ready!(poll(&mut body)));
    assert!(body.is_end_stream());
}

#[test]
fn head_without_a_body_comes_after_the_upload() {
    let mut service = LingerLayer::new().layer(early(&[]));
    let mut call = task::spawn(service.call(post(&[Data("1"), Pending, Data("2")])));
    assert_pending!(call.poll());
    assert!(call.is_woken());
    assert!(assert_ready_ok!(call.poll()).body().is_end_stream());
}

#[test]
fn upload_that_fails_is_not_read_on() {
    let mut body = body(answer(LingerLayer::new(), post(&[Error, Stuck])));
    assert!(assert_ready!(poll(&mut body)));
}

#[test]
fn upload_is_read_up_to_the_limit() {
    let layer = LingerLayer::new().max_bytes(4);
    let mut within = body(answer(layer, post(&[Data("12"), Data("34"), Stuck])));
    assert_pending!(poll(&mut within));
    let mut beyond = body(answer(layer, post(&[Data("12"), Data("345"), Stuck])));
    assert!(assert_ready!(poll(&mut beyond)));
}

#[test]
fn long_upload_lets_other_tasks_have_their_turn() {
    let upload = [Data("1"); 100];
    let mut body = body(answer(LingerLayer::new(), post(&upload)));
    assert_pending!(poll(&mut body));
    assert!(body.is_woken());
    assert!(assert_ready!(poll(&mut body)));
}

#[test]
fn only_an_upload_over_http_1_that_was_not_waited_for_is_read() {
    let mut http2 = post(&[Stuck]);
    *http2.version_mut() = Version::HTTP_2;
    let mut expecting = post(&[Stuck]);
    expecting
        .headers_mut()
        .insert("expect", "100-continue".parse().expect("a value"));
    for request in [http2, expecting, post(&[])] {
        let mut body = body(answer(LingerLayer::new(), request));
        assert!(assert_ready!(poll(&mut body)));
    }
}

#[test]
fn upload_that_the_service_still_reads_is_left_to_it() {
    let kept = Rc::new(RefCell::new(None));
    let keeper = kept.clone();
    let mut service = LingerLayer::new().layer(service_fn(move |request: Request<_>| {
        *keeper.borrow_mut() = Some(request.into_body());
        ready(Ok::<_, Infallible>(Response::new(script(&[Data("a")]))))
    }));
    let mut call = task::spawn(service.call(post(&[Data("1"), Data("2")])));
    let mut body = body(assert_ready_ok!(call.poll()));
    assert!(assert_ready!(poll(&mut body)));

    let mut upload = task::spawn(kept.take().expect("it was kept"));
    let frame = assert_ready!(upload.enter(|cx, upload| upload.poll_frame(cx)));
    assert_eq!(
        frame
            .expect("a frame")
            .expect("a frame")
            .into_data()
            .expect("data"),
        "1"
    );
    assert!(!upload.is_end_stream());
}
