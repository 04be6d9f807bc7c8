//! The layer allocates nothing for an admitted request, once a first one has been through.
//!
//! What the service itself needs is put aside beforehand, so that every allocation counted is
//! the layer's.

#![cfg(not(tower_plugin_loom))]

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use tower::{Layer, Service};
use tower_plugin_gate::{Generation, PluginLayer, PluginService, PluginState, Slot};

const REQUESTS: u64 = 1000;

/// Answers after so many pending polls, with a body of so many frames and pending polls.
#[derive(Clone, Copy)]
struct Work {
    pending: usize,
    frames: usize,
    frames_pending: usize,
}

impl Service<Request<()>> for Work {
    type Response = Response<Work>;
    type Error = Infallible;
    type Future = Work;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Work {
        *self
    }
}

impl Future for Work {
    type Output = Result<Response<Work>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        match self.pending.checked_sub(1) {
            None => Poll::Ready(Ok(Response::new(*self))),
            Some(left) => {
                self.pending = left;
                Poll::Pending
            }
        }
    }
}

impl Body for Work {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(left) = self.frames_pending.checked_sub(1) {
            self.frames_pending = left;
            return Poll::Pending;
        }
        Poll::Ready(self.frames.checked_sub(1).map(|left| {
            self.frames = left;
            Ok(Frame::data(Bytes::from_static(b"frame")))
        }))
    }
}

struct Task;

impl Wake for Task {
    fn wake(self: std::sync::Arc<Self>) {}
}

fn finish<T>(cx: &mut Context<'_>, mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
    loop {
        if let Poll::Ready(done) = poll(cx) {
            return done;
        }
    }
}

/// One request, from its readiness to the end of its body.
fn request(service: &mut PluginService<Work>, cx: &mut Context<'_>) {
    let Ok(()) = finish(cx, |cx| service.poll_ready(cx));
    let mut future = pin!(service.call(Request::new(())));
    let Ok(response) = finish(cx, |cx| future.as_mut().poll(cx));
    assert!(response.status().is_success());
    let mut body = pin!(response.into_body());
    while let Some(frame) = finish(cx, |cx| body.as_mut().poll_frame(cx)) {
        assert!(frame.is_ok());
    }
}

fn open() -> Slot<()> {
    let slot = Slot::new("geo", PluginState::Loading);
    slot.open(Generation::new(1, ()));
    slot
}

/// Allocations of many requests, after two that warm the service up.
fn allocations(work: Work) -> u64 {
    let slot = open();
    let mut service = PluginLayer::new(&slot).layer(work);
    let waker = Waker::from(std::sync::Arc::new(Task));
    let mut cx = Context::from_waker(&waker);
    request(&mut service, &mut cx);
    request(&mut service, &mut cx);
    let counted = allocation_counter::measure(|| {
        for _ in 0..REQUESTS {
            request(&mut service, &mut cx);
        }
    });
    assert_eq!(slot.in_flight(), 0);
    counted.count_total
}

#[test]
fn request_that_is_ready_at_once_allocates_nothing() {
    let work = Work {
        pending: 0,
        frames: 0,
        frames_pending: 0,
    };
    assert_eq!(allocations(work), 0);
}

#[test]
fn request_that_is_pending_allocates_nothing() {
    for pending in [1, 10] {
        let work = Work {
            pending,
            frames: 0,
            frames_pending: 0,
        };
        assert_eq!(allocations(work), 0, "{pending} polls pending");
    }
}

#[test]
fn request_with_a_body_allocates_nothing() {
    for (frames, frames_pending) in [(1, 0), (10, 3), (1000, 1)] {
        let work = Work {
            pending: 1,
            frames,
            frames_pending,
        };
        assert_eq!(allocations(work), 0, "{frames} frames");
    }
}

/// As axum does, which clones the service for each request.
#[test]
fn request_through_a_clone_of_the_service_allocates_nothing() {
    let slot = open();
    let work = Work {
        pending: 1,
        frames: 1,
        frames_pending: 0,
    };
    let service = PluginLayer::new(&slot).layer(work);
    let waker = Waker::from(std::sync::Arc::new(Task));
    let mut cx = Context::from_waker(&waker);
    request(&mut service.clone(), &mut cx);
    let counted = allocation_counter::measure(|| {
        for _ in 0..REQUESTS {
            request(&mut service.clone(), &mut cx);
        }
    });
    assert_eq!(counted.count_total, 0);
}

#[test]
fn request_of_any_kind_allocates_nothing() {
    let slot = open();
    let inner = tower::service_fn(|n: u32| -> Ready<Result<u32, Infallible>> { ready(Ok(n)) });
    let mut service = PluginLayer::any(&slot).layer(inner);
    let mut cx = Context::from_waker(Waker::noop());
    let mut request = |cx: &mut Context<'_>| {
        assert!(finish(cx, |cx| service.poll_ready(cx)).is_ok());
        let mut future = pin!(service.call(1));
        assert!(finish(cx, |cx| future.as_mut().poll(cx)).is_ok());
    };
    request(&mut cx);
    request(&mut cx);
    let counted = allocation_counter::measure(|| (0..REQUESTS).for_each(|_| request(&mut cx)));
    assert_eq!(counted.count_total, 0);
}

/// What tracking costs, where that is wanted: the permit that the entry hangs on, the path, and
/// now and then room in the list.
#[test]
fn tracked_request_allocates_its_entry() {
    let slot = Slot::tracked("geo", PluginState::Loading);
    slot.open(Generation::new(1, ()));
    let work = Work {
        pending: 1,
        frames: 1,
        frames_pending: 0,
    };
    let mut service = PluginLayer::new(&slot).layer(work);
    let mut cx = Context::from_waker(Waker::noop());
    request(&mut service, &mut cx);
    let counted = allocation_counter::measure(|| {
        for _ in 0..REQUESTS {
            request(&mut service, &mut cx);
        }
    });
    assert!(counted.count_total <= 3 * REQUESTS, "{counted:?}");
    assert_eq!(counted.count_current, 0, "all given back");
}

/// The answer is written into the request's own header map, and says nothing that was in there.
#[test]
fn rejection_of_a_request_with_headers_allocates_nothing() {
    let layers: [fn(&Slot<()>) -> PluginLayer; 2] = [PluginLayer::new, PluginLayer::grpc];
    for layer in layers {
        let slot: Slot<()> = Slot::new("geo", PluginState::Disabled);
        let mut service = layer(&slot).layer(Work {
            pending: 0,
            frames: 0,
            frames_pending: 0,
        });
        let mut cx = Context::from_waker(Waker::noop());
        let mut reject = |request: Request<()>| {
            assert!(finish(&mut cx, |cx| service.poll_ready(cx)).is_ok());
            let mut future = pin!(service.call(request));
            let Ok(response) = finish(&mut cx, |cx| future.as_mut().poll(cx));
            assert!(!response.headers().contains_key("cookie"));
            assert!(response.headers().contains_key("content-type"));
            let mut body = pin!(response.into_body());
            while finish(&mut cx, |cx| body.as_mut().poll_frame(cx)).is_some() {}
        };
        let request = || {
            let request = Request::get("/").header("host", "a").header("cookie", "b");
            request.header("accept", "*/*").body(()).expect("a request")
        };
        reject(request());
        let request = request();
        let counted = allocation_counter::measure(|| reject(request));
        assert_eq!(counted.count_total, 0);
    }
}

/// The counter counts, or the tests above would say nothing.
#[test]
fn upgrade_request_allocates_its_lease() {
    let slot = open();
    let work = Work {
        pending: 0,
        frames: 0,
        frames_pending: 0,
    };
    let mut service = PluginLayer::new(&slot).layer(work);
    let mut cx = Context::from_waker(Waker::noop());
    let mut request = Request::new(());
    *request.method_mut() = http::Method::CONNECT;
    assert!(finish(&mut cx, |cx| service.poll_ready(cx)).is_ok());
    let counted = allocation_counter::measure(|| drop(service.call(request)));
    assert!(counted.count_total > 0);
}
