//! A whole request against the cancellation: exactly one outcome.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body::{Body, Frame};
use loom::future::{AtomicWaker, block_on};
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use super::{bounded, unbounded};
use crate::{Answer, AnyFuture, CancelledError, Gate, Permit, ResponseBody, ResponseFuture};

/// A service's work, finished by another thread.
#[derive(Clone, Default)]
struct Work(Arc<(AtomicBool, AtomicWaker)>);

impl Work {
    fn finish(&self) {
        self.0.0.store(true, Ordering::Release);
        self.0.1.wake();
    }

    fn poll_finished(&self, cx: &Context<'_>) -> Poll<()> {
        self.0.1.register_by_ref(cx.waker());
        if self.0.0.load(Ordering::Acquire) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Future for Work {
    type Output = Result<Response<Work>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_finished(cx)
            .map(|()| Ok(Response::new(Work::default())))
    }
}

/// As a body: one frame, which is the last.
impl Body for Work {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.poll_finished(cx)
            .map(|()| Some(Ok(Frame::trailers(http::HeaderMap::new()))))
    }
}

fn gated(body: Work, permit: Permit) -> ResponseBody<Work> {
    ResponseBody::around(Response::new(body), permit, Answer::default()).into_body()
}

fn finished_by_another_thread() -> (Work, thread::JoinHandle<()>) {
    let work = Work::default();
    let finisher = work.clone();
    (work, thread::spawn(move || finisher.finish()))
}

fn cancelled_by_another_thread(gate: &Gate) -> thread::JoinHandle<()> {
    let gate = gate.clone();
    thread::spawn(move || gate.cancel())
}

/// The request ended, as what `cancelled` says, and the gate tells the same.
fn assert_one_outcome(gate: &Gate, cancelled: bool) {
    assert_eq!(gate.in_flight(), 0);
    assert!(gate.is_drained());
    assert_eq!(gate.cancelled_count(), u64::from(cancelled));
}

#[test]
fn any_request_is_completed_or_cancelled_and_counted_as_that() {
    bounded(|| {
        let gate = Gate::with_shards(1);
        let permit = gate.enter().expect("a new gate is open");
        let canceller = cancelled_by_another_thread(&gate);
        let (work, finisher) = finished_by_another_thread();
        let outcome = block_on(AnyFuture::admitted(|| work, permit));
        let cancelled = match outcome {
            Ok(_) => false,
            Err(error) => error.is::<CancelledError>(),
        };
        canceller.join().unwrap();
        finisher.join().unwrap();
        assert_one_outcome(&gate, cancelled);
    });
}

#[test]
fn response_head_is_the_services_or_a_503_and_counted_as_that() {
    bounded(|| {
        let gate = Gate::with_shards(1);
        let permit = gate.enter().expect("a new gate is open");
        let canceller = cancelled_by_another_thread(&gate);
        let (work, finisher) = finished_by_another_thread();
        let response =
            block_on(ResponseFuture::admitted(|| work, permit, Answer::default())).unwrap();
        let cut_off = response.status() == StatusCode::SERVICE_UNAVAILABLE;
        canceller.join().unwrap();
        finisher.join().unwrap();
        // The service's body is still to come, so the request is inside.
        assert_eq!(gate.is_drained(), cut_off);
        drop(response);
        assert_one_outcome(&gate, true);
    });
}

#[test]
fn body_ends_as_the_services_or_with_an_error_and_is_counted_as_that() {
    bounded(|| {
        let gate = Gate::with_shards(1);
        let permit = gate.enter().expect("a new gate is open");
        let canceller = cancelled_by_another_thread(&gate);
        let (work, finisher) = finished_by_another_thread();
        let mut body = gated(work, permit);
        let last = block_on(std::future::poll_fn(|cx| {
            Pin::new(&mut body).poll_frame(cx)
        }));
        canceller.join().unwrap();
        finisher.join().unwrap();
        assert_one_outcome(&gate, last.expect("a frame or an error").is_err());
    });
}

/// Nothing but the cancellation ends these, so a wake-up that is lost is a deadlock.
#[test]
fn any_request_whose_work_never_ends_is_ended_by_the_cancellation() {
    unbounded(|| {
        let gate = Gate::with_shards(1);
        let permit = gate.enter().expect("a new gate is open");
        let canceller = cancelled_by_another_thread(&gate);
        let outcome = block_on(AnyFuture::admitted(Work::default, permit));
        assert!(outcome.is_err(), "cut off");
        canceller.join().unwrap();
        assert_one_outcome(&gate, true);
    });
}

#[test]
fn response_whose_head_never_comes_is_ended_by_the_cancellation() {
    unbounded(|| {
        let gate = Gate::with_shards(1);
        let permit = gate.enter().expect("a new gate is open");
        let canceller = cancelled_by_another_thread(&gate);
        let future = ResponseFuture::admitted(Work::default, permit, Answer::default());
        let response = block_on(future).unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        canceller.join().unwrap();
        assert_one_outcome(&gate, true);
    });
}

#[test]
fn body_that_never_ends_is_ended_by_the_cancellation() {
    unbounded(|| {
        let gate = Gate::with_shards(1);
        let permit = gate.enter().expect("a new gate is open");
        let canceller = cancelled_by_another_thread(&gate);
        let mut body = gated(Work::default(), permit);
        let frame = block_on(std::future::poll_fn(|cx| {
            Pin::new(&mut body).poll_frame(cx)
        }));
        frame.expect("an error").expect_err("cut off");
        canceller.join().unwrap();
        assert_one_outcome(&gate, true);
    });
}
