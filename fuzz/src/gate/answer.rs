//! What is answered in place of the service.

use std::task::Poll;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use http_body::{Body as _, Frame};
use tower_plugin::{CancelledError, ResponseBody, ResponseBodyError};

use super::op::{Protocol, Step};
use super::poll::Told;
use super::script::{FAILED, ScriptedBody};
use super::world::PLUGIN;

type Polled = Poll<Option<Result<Frame<Bytes>, ResponseBodyError>>>;

pub(super) fn check_error(error: &CancelledError, told: Told) {
    assert_eq!(error.plugin(), if told.is_named { PLUGIN } else { "" });
    assert_eq!(error.state(), told.state, "state of the cancelled");
}

/// A whole response that says that nobody serves.
pub(super) fn check(
    response: Response<ResponseBody<ScriptedBody>>,
    code: &str,
    told: Told,
    protocol: Protocol,
) {
    let (head, body) = response.into_parts();
    match protocol {
        Protocol::Http => {
            assert_eq!(head.status, StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(head.headers["retry-after"], "1");
            let told_json: serde_json::Value =
                serde_json::from_slice(&whole(body)).expect("a JSON body");
            assert_eq!(told_json["code"], code);
            assert_eq!(told_json["state"], told.state.as_str());
            assert_eq!(told_json["plugin"], if told.is_named { PLUGIN } else { "" });
        }
        Protocol::Grpc => {
            assert_eq!(head.status, StatusCode::OK);
            check_status(&head.headers);
            assert!(body.is_end_stream(), "trailers only");
        }
    }
}

fn whole(body: ResponseBody<ScriptedBody>) -> Bytes {
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let mut body = std::pin::pin!(body);
    let length = body.size_hint().exact();
    let Poll::Ready(Some(Ok(frame))) = body.as_mut().poll_frame(&mut cx) else {
        panic!("no frame in the body");
    };
    assert!(body.is_end_stream(), "one frame");
    assert!(matches!(body.poll_frame(&mut cx), Poll::Ready(None)));
    let bytes = frame.into_data().expect("data");
    assert_eq!(length, Some(bytes.len() as u64));
    bytes
}

fn check_status(headers: &HeaderMap) {
    assert_eq!(headers["grpc-status"], "14", "unavailable");
    assert!(headers.contains_key("grpc-message"));
}

/// A frame with which a request is cut off.
pub(super) fn check_cut(polled: Polled, told: Told, protocol: Protocol) {
    match (polled, protocol) {
        (Poll::Ready(Some(Err(error))), Protocol::Http) => {
            let error = error.cancelled().expect("a cancellation");
            check_error(error, told);
        }
        (Poll::Ready(Some(Ok(frame))), Protocol::Grpc) => {
            check_status(frame.trailers_ref().expect("trailers"));
        }
        (polled, protocol) => panic!("{protocol:?} is cut off by {polled:?}"),
    }
}

/// A frame of the service itself.
pub(super) fn check_passed(polled: Polled, step: Step) {
    match (polled, step) {
        (Poll::Pending, Step::Pending) | (Poll::Ready(None), Step::End) => {}
        (Poll::Ready(Some(Ok(frame))), Step::Go | Step::GoAndEnd) => assert!(frame.is_data()),
        (Poll::Ready(Some(Ok(frame))), Step::Trailers | Step::Blames) => {
            assert!(frame.is_trailers())
        }
        (Poll::Ready(Some(Err(error))), Step::Fail) => {
            assert_eq!(error.get_ref().to_string(), FAILED)
        }
        (polled, step) => panic!("{step:?} became {polled:?}"),
    }
}
