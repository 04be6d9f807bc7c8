//! Choosing the plugin of a request allocates nothing, nor does a policy that is not needed.

#![cfg(not(tower_plugin_loom))]

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response};
use tower::{Layer, Service};
use tower_plugin_gate::{
    Extension, Generation, Header, OnClosed, OnUnselected, PathSegment, PluginLayer, PluginSet,
    PluginState, SelectLayer, Slot, select_fn,
};

const REQUESTS: usize = 100;

#[derive(Clone)]
struct Empty;

impl http_body::Body for Empty {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }
}

#[derive(Clone)]
struct Answers;

impl Service<Request<()>> for Answers {
    type Response = Response<Empty>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Empty>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new(Empty)))
    }
}

#[derive(Clone)]
struct Tenant;

impl AsRef<str> for Tenant {
    fn as_ref(&self) -> &'static str {
        "geo"
    }
}

fn open(name: &str) -> Slot<()> {
    let slot = Slot::new(name, PluginState::Loading);
    slot.open(Generation::new(1, ()));
    slot
}

fn request(path: &'static str) -> Request<()> {
    let mut request = Request::new(());
    *request.uri_mut() = http::Uri::from_static(path);
    let name = HeaderName::from_static("x-plugin");
    request
        .headers_mut()
        .insert(name, HeaderValue::from_static("geo"));
    request.extensions_mut().insert(Tenant);
    request
}

/// Allocations of many requests, made beforehand, that are answered with `status`.
#[track_caller]
fn assert_no_allocations<S, B>(mut service: S, path: &'static str)
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
{
    let mut cx = Context::from_waker(Waker::noop());
    let mut send = |request| {
        assert!(service.poll_ready(&mut cx).is_ready());
        match pin!(service.call(request)).poll(&mut cx) {
            Poll::Ready(Ok(response)) => assert_eq!(response.status(), 200),
            _ => panic!("answered at once"),
        }
    };
    send(request(path));
    send(request(path));
    let requests: Vec<_> = (0..REQUESTS).map(|_| request(path)).collect();
    let counted = allocation_counter::measure(|| requests.into_iter().for_each(&mut send));
    assert_eq!(counted.count_total, 0);
}

#[test]
fn selected_request_allocates_nothing() {
    let geo = open("geo");
    let set = || PluginSet::new().with(&geo);
    assert_no_allocations(
        SelectLayer::new(PathSegment(1), set()).layer(Answers),
        "/plugins/geo",
    );
    let header = Header(HeaderName::from_static("x-plugin"));
    assert_no_allocations(SelectLayer::new(header, set()).layer(Answers), "/");
    let extension = Extension::<Tenant>::new();
    assert_no_allocations(SelectLayer::new(extension, set()).layer(Answers), "/");
    let closure = select_fn(|request: &Request<()>| request.uri().path().strip_prefix('/'));
    assert_no_allocations(SelectLayer::new(closure, set()).layer(Answers), "/geo");
}

#[test]
fn request_that_passes_through_allocates_nothing() {
    let layer = SelectLayer::new(PathSegment(0), PluginSet::new());
    let layer = layer.on_unknown(OnUnselected::PassThrough);
    assert_no_allocations(layer.layer(Answers), "/other");
    assert_no_allocations(layer.layer(Answers), "/");
}

#[test]
fn policy_that_is_not_needed_allocates_nothing() {
    let hold = OnClosed::Hold {
        max_wait: Duration::from_secs(1),
        max_held: 1,
    };
    for policy in [OnClosed::Reject, hold, OnClosed::Bypass] {
        let geo = open("geo");
        assert_no_allocations(PluginLayer::new(&geo).on_closed(policy).layer(Answers), "/");
        let layer = SelectLayer::new(PathSegment(0), PluginSet::new().with(&geo));
        assert_no_allocations(layer.on_closed(policy).layer(Answers), "/geo");
    }
    let geo: Slot<()> = Slot::new("geo", PluginState::Failed);
    let bypass = PluginLayer::new(&geo).on_closed(OnClosed::Bypass);
    assert_no_allocations(bypass.layer(Answers), "/");
}
