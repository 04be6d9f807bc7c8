//! Gates among other middleware.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use tokio::sync::{Semaphore, mpsc};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_plugin_gate::BoxError;

use super::support::{Http2, Plugin, Reply, full, serve, stuck_after, within};

fn request(path: &str) -> Request<axum::body::Body> {
    Request::get(format!("http://a{path}"))
        .body(axum::body::Body::empty())
        .unwrap()
}

#[tokio::test]
async fn nested_plugins_are_left_together_whichever_is_cancelled() {
    for cancel_outer in [false, true] {
        let (outer, inner) = (Plugin::open(), Plugin::open());
        let stream = get(|| async { stuck_after("hello").map(axum::body::Body::new) });
        let router = Router::new()
            .route("/", stream.layer(inner.layer()))
            .layer(outer.layer());
        let server = serve(router).await;
        let mut client = Http2::connect(&server).await;
        let mut response = within(client.send.send_request(request("/")))
            .await
            .unwrap();
        within(response.body_mut().frame())
            .await
            .expect("a frame")
            .unwrap();
        assert_eq!((outer.gate.in_flight(), inner.gate.in_flight()), (1, 1));

        if cancel_outer { &outer } else { &inner }.cut_off();
        within(response.into_body().collect())
            .await
            .expect_err("cut off");
        outer.empties().await;
        inner.empties().await;
    }
}

#[tokio::test]
async fn request_rejected_by_the_inner_of_two_plugins_is_answered_once_and_leaves_the_outer() {
    let (outer, inner) = (Plugin::open(), Plugin::closed());
    let hello = get(|| async { "hello" });
    let router = Router::new()
        .route("/", hello.layer(inner.layer()))
        .layer(outer.layer());
    let server = serve(router).await;
    let mut client = Http2::connect(&server).await;
    let response = within(client.send.send_request(request("/")))
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let body = within(response.into_body().collect())
        .await
        .unwrap()
        .to_bytes();
    let text = String::from_utf8(body.to_vec()).unwrap();
    assert_eq!(text.matches("plugin_unavailable").count(), 1, "{text}");
    outer.empties().await;
}

#[tokio::test]
async fn plugin_gates_the_routes_it_is_layered_on_and_no_other() {
    let plugin = Plugin::closed();
    let hello = || get(|| async { "hello" });
    let router = Router::new()
        .route("/gated", hello())
        .route_layer(plugin.layer())
        .route("/method", hello().layer(plugin.layer()))
        .nest(
            "/nested",
            Router::new().route("/", hello()).layer(plugin.layer()),
        )
        .route("/free", hello());
    for (path, status) in [
        ("/gated", 503),
        ("/method", 503),
        ("/nested", 503),
        ("/free", 200),
        ("/none", 404),
    ] {
        let response = router.clone().oneshot(request(path)).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
    }
}

/// A service that says when it was called, and answers once it is let.
fn slow() -> (
    impl Service<(), Response = Response<Reply>, Error = BoxError, Future: Send> + Clone + Send,
    mpsc::UnboundedReceiver<()>,
    Arc<Semaphore>,
) {
    let (called, calls) = mpsc::unbounded_channel();
    let leave = Arc::new(Semaphore::new(0));
    let may_leave = leave.clone();
    let service = service_fn(move |()| {
        called.send(()).expect("the test counts them");
        let may_leave = may_leave.clone();
        async move {
            may_leave.acquire().await?.forget();
            Ok(full("done"))
        }
    });
    (service, calls, leave)
}

/// As HTTP, which the layer wants.
fn http<S>(
    service: S,
) -> impl Service<Request<axum::body::Body>, Response = Response<Reply>, Error = BoxError, Future: Send>
+ Clone
+ Send
where
    S: Service<(), Response = Response<Reply>, Error = BoxError, Future: Send> + Clone + Send,
{
    service.map_request(|_: Request<axum::body::Body>| ())
}

#[tokio::test]
async fn requests_queued_outside_the_gate_are_not_inside_and_are_rejected_at_once() {
    let plugin = Plugin::open();
    let (service, mut calls, leave) = slow();
    let service = ServiceBuilder::new()
        .buffer(8)
        .layer(plugin.layer())
        .concurrency_limit(1)
        .service(http(service));
    let send = || tokio::spawn(service.clone().oneshot(request("/")));
    let first = send();
    within(calls.recv()).await.expect("the first call");
    let queued = [send(), send()];
    assert_eq!(plugin.gate.in_flight(), 1);

    plugin.close();
    for queued in queued {
        let response = within(queued).await.unwrap().unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
    assert_eq!(plugin.gate.in_flight(), 1);
    leave.add_permits(1);
    assert_eq!(
        within(first).await.unwrap().unwrap().status(),
        StatusCode::OK
    );
    plugin.empties().await;
}

#[tokio::test]
async fn requests_queued_behind_the_gate_are_inside_and_are_served() {
    let plugin = Plugin::open();
    let (service, mut calls, leave) = slow();
    let service = ServiceBuilder::new()
        .layer(plugin.layer())
        .buffer(8)
        .concurrency_limit(1)
        .service(http(service));
    let mut sent = Vec::new();
    for _ in 0..3 {
        let mut service = service.clone();
        let call = service.ready().await.unwrap().call(request("/"));
        sent.push(tokio::spawn(call));
    }
    within(calls.recv()).await.expect("the first call");
    assert_eq!(plugin.gate.in_flight(), 3);
    plugin.close();
    leave.add_permits(3);
    for response in sent {
        assert_eq!(
            within(response).await.unwrap().unwrap().status(),
            StatusCode::OK
        );
    }
    plugin.empties().await;
}

#[tokio::test]
async fn layer_of_one_plugin_can_be_used_for_many_services() {
    let plugin = Plugin::open();
    let layer = plugin.layer();
    let inner = service_fn(|_: Request<()>| async { Ok::<_, BoxError>(stuck_after("a")) });
    let mut inside = Vec::new();
    for service in [layer.layer(inner), layer.clone().layer(inner)] {
        inside.push(service.oneshot(Request::new(())).await.unwrap());
    }
    assert_eq!(plugin.gate.in_flight(), 2);
    drop(inside);
    plugin.empties().await;
}
