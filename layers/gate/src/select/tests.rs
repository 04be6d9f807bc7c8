//! Poll by poll, against a mock service.

#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

use std::task::Poll;
use std::time::Duration;

use http::{HeaderName, Request, Response};
use http_body::Body;
use tokio_test::{assert_pending, assert_ready, assert_ready_ok, task};
use tower_test::mock;

use super::{
    Extension, Header, OnUnselected, PathSegment, PluginSet, Select, SelectLayer, select_fn,
};
use crate::testing::Script;
use crate::{Generation, Lease, OnClosed, PluginState, Slot};

type Mock = mock::Mock<Request<()>, Response<Script>>;
type Handle = mock::Handle<Request<()>, Response<Script>>;
type Service<K> = mock::Spawn<super::SelectService<Mock, K>>;

fn open<T: Send + Sync + 'static>(name: &str, instance: T) -> Slot<T> {
    let slot = Slot::new(name, PluginState::Loading);
    slot.open(Generation::new(1, instance));
    slot
}

fn get(path: &str) -> Request<()> {
    Request::get(path).body(()).unwrap()
}

fn by_path(plugins: PluginSet) -> SelectLayer<PathSegment> {
    SelectLayer::new(PathSegment(0), plugins)
}

fn gated<K>(layer: SelectLayer<K>) -> (Service<K>, Handle) {
    mock::spawn_layer(layer)
}

/// Answers the next request that the mock has seen.
fn answer_next(handle: &mut Handle) -> Request<()> {
    let (request, respond) = assert_ready!(handle.poll_request()).expect("a request");
    respond.send_response(Response::new(Script::default()));
    request
}

/// What a request is answered with, and whether the service was called for it.
fn answer<K: Select<()>>(layer: SelectLayer<K>, request: Request<()>) -> (Response<String>, bool) {
    let (mut service, mut handle) = gated(layer);
    assert_ready_ok!(service.poll_ready::<Request<()>>());
    let mut call = task::spawn(service.call(request));
    let response = match call.poll() {
        Poll::Pending => {
            answer_next(&mut handle);
            let response = assert_ready_ok!(call.poll());
            return (response.map(|_| String::new()), true);
        }
        Poll::Ready(response) => response.unwrap(),
    };
    assert!(handle.poll_request().is_pending());
    let (head, body) = response.into_parts();
    let mut body = task::spawn(body);
    let frame = assert_ready!(body.enter(|cx, body| body.poll_frame(cx)));
    let data = frame.map(|frame| frame.unwrap().into_data().unwrap());
    let text = String::from_utf8(data.unwrap_or_default().into()).unwrap();
    (Response::from_parts(head, text), false)
}

#[test]
fn each_request_is_inside_its_own_plugin_whatever_the_instances_are() {
    let (geo, limit) = (open("geo", "text"), open("limit", 7_u64));
    let (mut service, mut handle) = gated(by_path(PluginSet::new().with(&geo).with(&limit)));
    let mut calls = ["/geo", "/geo/lookup", "/limit?of=geo"].map(|path| {
        assert_ready_ok!(service.poll_ready::<Request<()>>());
        task::spawn(service.call(get(path)))
    });
    assert_eq!((geo.in_flight(), limit.in_flight()), (2, 1));

    // Draining one concerns its own requests alone.
    let old = geo.close(PluginState::Disabled).unwrap();
    old.gate().cancel();
    for (call, status) in calls.iter_mut().zip([503, 503, 200]) {
        if call.poll().is_pending() {
            assert_eq!(status, 200);
            while answer_next(&mut handle).uri().path() != "/limit" {}
        } else {
            assert_eq!(status, 503);
        }
    }
    assert!(old.gate().is_drained());
    assert_eq!(limit.in_flight(), 1);
    drop(calls);
    assert_eq!(limit.in_flight(), 0);
}

#[test]
fn closed_plugin_rejects_its_own_requests_by_name() {
    let (geo, limit) = (open("geo", ()), open("limit", ()));
    geo.close(PluginState::Disabled);
    let layer = by_path(PluginSet::new().with(&geo).with(&limit));
    let layer = layer.retry_after(Duration::from_secs(9));
    let (response, called) = answer(layer.clone(), get("/geo"));
    assert_eq!((response.status().as_u16(), called), (503, false));
    assert_eq!(response.headers()["retry-after"], "9");
    assert!(response.body().contains(r#""plugin":"geo""#));
    assert!(response.body().contains(r#""state":"disabled""#));
    let (response, called) = answer(layer, get("/limit"));
    assert_eq!((response.status().as_u16(), called), (200, true));
}

#[test]
fn unknown_and_missing_names_are_answered_as_configured() {
    use OnUnselected::{NotFound, PassThrough, Unavailable};

    let geo = open("geo", ());
    let status = |then| match then {
        PassThrough => 200,
        NotFound => 404,
        Unavailable => 503,
    };
    for unknown in [PassThrough, NotFound, Unavailable] {
        for unnamed in [PassThrough, NotFound, Unavailable] {
            let layer = by_path(PluginSet::new().with(&geo));
            let layer = layer.on_unknown(unknown).on_unnamed(unnamed);
            for (path, then) in [("/other", unknown), ("/", unnamed), ("/geo", PassThrough)] {
                let (response, called) = answer(layer.clone(), get(path));
                assert_eq!(response.status().as_u16(), status(then), "{path}");
                assert_eq!(called, then == PassThrough, "{path}");
                let has_retry_after = response.headers().contains_key("retry-after");
                assert_eq!(has_retry_after, then == Unavailable, "{path}");
                assert_eq!(geo.in_flight(), 0);
            }
        }
    }
}

#[test]
fn by_default_an_unknown_name_is_not_found_and_no_name_passes_through() {
    let layer = by_path(PluginSet::new());
    let (response, called) = answer(layer.clone(), get("/other&co"));
    assert_eq!((response.status().as_u16(), called), (404, false));
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(
        response.body(),
        r#"{"status":"error","code":"plugin_not_found","message":"no plugin goes by the name in this request; check the name"}"#
    );
    assert!(answer(layer, get("/")).1);
}

#[test]
fn grpc_call_for_no_plugin_is_unimplemented_or_unavailable_and_connect_never_succeeds() {
    let layer = SelectLayer::grpc(PathSegment(0), PluginSet::new());
    let (response, _) = answer(layer.clone(), get("/other"));
    assert_eq!(response.headers()["grpc-status"], "12");
    assert_eq!(response.status(), 200);
    let retryable = layer.clone().on_unknown(OnUnselected::Unavailable);
    let (response, _) = answer(retryable, get("/other"));
    assert_eq!(response.headers()["grpc-status"], "14");

    let connect = Request::connect("example.org:443").body(()).unwrap();
    let (response, _) = answer(layer.on_unnamed(OnUnselected::NotFound), connect);
    assert_eq!(response.status(), 404);
}

#[test]
fn passing_through_is_not_inside_any_plugin() {
    let geo = open("geo", ());
    let (mut service, mut handle) = gated(by_path(PluginSet::new().with(&geo)));
    assert_ready_ok!(service.poll_ready::<Request<()>>());
    let mut call = task::spawn(service.call(get("/")));
    assert_pending!(call.poll());
    assert_eq!(geo.in_flight(), 0);
    geo.close(PluginState::Disabled).unwrap().gate().cancel();
    assert_pending!(call.poll());
    answer_next(&mut handle);
    assert_ready_ok!(call.poll());
}

#[test]
fn name_is_found_where_the_selector_looks_for_it() {
    #[derive(Clone)]
    struct Tenant(&'static str);

    impl AsRef<str> for Tenant {
        fn as_ref(&self) -> &str {
            self.0
        }
    }

    let geo = open("geo", ());
    let set = || PluginSet::new().with(&geo);
    geo.close(PluginState::Disabled);
    let not_found = OnUnselected::NotFound;

    let by_header = SelectLayer::new(Header(HeaderName::from_static("x-plugin")), set());
    let by_header = by_header.on_unnamed(not_found);
    for (value, status) in [("geo", 503), ("other", 404), ("\u{e9}", 404)] {
        let request = Request::get("/")
            .header("x-plugin", value)
            .body(())
            .unwrap();
        let (response, _) = answer(by_header.clone(), request);
        assert_eq!(response.status().as_u16(), status, "{value}");
    }
    assert_eq!(answer(by_header, get("/geo")).0.status(), 404);

    let by_tenant = SelectLayer::new(Extension::<Tenant>::new(), set()).on_unnamed(not_found);
    let mut request = get("/");
    request.extensions_mut().insert(Tenant("geo"));
    assert_eq!(answer(by_tenant.clone(), request).0.status(), 503);
    assert_eq!(answer(by_tenant, get("/")).0.status(), 404);

    let host = select_fn(|request: &Request<()>| request.uri().host());
    let by_host = SelectLayer::new(host, set().with_name("geo.example.org", &geo));
    let request = get("http://geo.example.org/");
    assert_eq!(answer(by_host, request).0.status(), 503);
}

#[test]
fn segments_are_counted_from_the_root_and_empty_ones_name_nothing() {
    let select = |number: usize, path: &str| {
        let (selector, request) = (PathSegment(number), get(path));
        selector.select(&request).map(str::to_owned)
    };
    assert_eq!(select(0, "/a/b").as_deref(), Some("a"));
    assert_eq!(select(1, "/a/b").as_deref(), Some("b"));
    assert_eq!(select(1, "//b").as_deref(), Some("b"));
    assert_eq!(select(0, "/%67eo").as_deref(), Some("%67eo"));
    for (number, path) in [(0, "/"), (0, "//b"), (1, "/a/"), (2, "/a/b"), (0, "*")] {
        assert_eq!(select(number, path), None, "{number} {path}");
    }
    let connect = Request::connect("geo:443").body(()).unwrap();
    assert_eq!(PathSegment(0).select(&connect), None);
}

#[test]
fn request_to_upgrade_carries_a_lease_of_the_plugin_that_was_selected() {
    let (geo, limit) = (open("geo", "text"), open("limit", 7_u64));
    let (mut service, mut handle) = gated(by_path(PluginSet::new().with(&geo).with(&limit)));
    assert_ready_ok!(service.poll_ready::<Request<()>>());
    let mut request = get("/limit");
    let headers = request.headers_mut();
    headers.insert("connection", http::HeaderValue::from_static("upgrade"));
    headers.insert("upgrade", http::HeaderValue::from_static("websocket"));
    let mut call = task::spawn(service.call(request));
    assert_pending!(call.poll());
    let mut request = answer_next(&mut handle);
    drop(assert_ready_ok!(call.poll()));
    let lease: Lease = request.extensions_mut().remove().expect("a lease");
    let lease = lease.downcast::<u64>().expect("the limit's");
    assert_eq!((limit.in_flight(), geo.in_flight()), (1, 0));
    drop(lease);
    assert_eq!(limit.in_flight(), 0);
}

#[test]
fn ready_then_closed_then_called_is_rejected_and_readiness_is_the_services() {
    let geo = open("geo", ());
    let (mut service, mut handle) = gated(by_path(PluginSet::new().with(&geo)));
    handle.allow(0);
    geo.close(PluginState::Disabled);
    assert_pending!(service.poll_ready::<Request<()>>());
    geo.open(Generation::new(2, ()));
    handle.allow(1);
    assert_ready_ok!(service.poll_ready::<Request<()>>());
    geo.close(PluginState::Failed);
    let mut call = task::spawn(service.call(get("/geo")));
    assert_eq!(assert_ready_ok!(call.poll()).status(), 503);
    assert!(handle.poll_request().is_pending());
}

#[tokio::test(start_paused = true)]
async fn plugin_that_is_coming_back_holds_its_own_requests_alone() {
    let (geo, limit) = (open("geo", ()), open("limit", ()));
    let plugins = PluginSet::new().with(&geo).with(&limit);
    let layer = by_path(plugins).on_closed(OnClosed::Hold {
        max_wait: Duration::from_secs(1),
        max_held: 1,
    });
    let (mut service, mut handle) = mock::spawn_layer::<_, _, _>(layer);
    geo.close(PluginState::Reloading);
    assert_ready_ok!(service.poll_ready::<Request<()>>());
    let mut held = task::spawn(service.call(get("/geo")));
    assert_pending!(held.poll());
    assert_eq!((geo.held(), limit.held()), (1, 0));
    assert_ready_ok!(service.poll_ready::<Request<()>>());
    let mut other = task::spawn(service.call(get("/limit")));
    assert_pending!(other.poll());
    assert_eq!(answer_next(&mut handle).uri().path(), "/limit");
    assert_ready_ok!(other.poll());

    geo.open(Generation::new(2, ()));
    assert_pending!(held.poll());
    assert_eq!(answer_next(&mut handle).uri().path(), "/geo");
    assert_ready_ok!(held.poll());
}
