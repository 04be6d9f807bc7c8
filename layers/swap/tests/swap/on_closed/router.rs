//! Through axum's router and real sockets: nobody notices that the plugin is taken down and
//! started again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Request};
use axum::middleware::{Next, from_fn};
use axum::routing::get;
use http::StatusCode;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tower::layer::util::Identity;
use tower_plugin_gate::{
    Generation, OnClosed, OnUnselected, PathSegment, PluginLayer, PluginSet, PluginState,
    SelectLayer, Slot,
};
use tower_plugin_swap::{SwapLayer, SwapService};

use super::hold;
use crate::axum_router::Server;
use crate::support::{Numbered, open};

/// Takes a generation down, drains it, and starts the next one: as often as told.
async fn recreate<T: Send + Sync + 'static>(slot: Slot<T>, times: u64, make: fn(usize) -> T) {
    for number in 2..times + 2 {
        let old = slot.close(PluginState::Reloading).expect("a generation");
        let drained = tokio::time::timeout(Duration::from_secs(5), old.gate().drained());
        drained.await.expect("the old generation is drained");
        // What starting the next one takes.
        tokio::time::sleep(Duration::from_millis(3)).await;
        let instance = make(usize::try_from(number).unwrap());
        assert!(slot.open(Generation::new(number, instance)).is_none());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keep_alive_clients_see_no_plugin_taken_down_and_started_again() {
    let (gates, layers) = (open(()), open(Identity::new()));
    let (services, selected) = (open(Numbered::new(1)), open(()));
    let plugins = PluginSet::new().with_name("selected", &selected);
    let hello = || get(|| async { "hello" });
    let router = Router::new()
        .route(
            "/gated",
            hello().layer(PluginLayer::new(&gates).on_closed(hold(100))),
        )
        .route(
            "/wrapped",
            hello().layer(SwapLayer::new(&layers).on_closed(hold(100))),
        )
        .route_service("/served", SwapService::new(&services).on_closed(hold(100)))
        .route("/selected", hello())
        .layer(
            SelectLayer::new(PathSegment(0), plugins)
                .on_unknown(OnUnselected::PassThrough)
                .on_closed(hold(100)),
        )
        .with_state(());
    let server = Server::start(router).await;

    let done = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicUsize::new(0));
    let server = Arc::new(server);
    let mut clients = JoinSet::new();
    for client in 0..8 {
        let path = ["/gated", "/wrapped", "/served", "/selected"][client % 4];
        let (done, answered, server) = (done.clone(), answered.clone(), server.clone());
        clients.spawn(async move {
            while !done.load(Ordering::Relaxed) {
                let (status, _, body) = server.get(path).await;
                assert_eq!((status, &*body), (StatusCode::OK, &b"hello"[..]), "{path}");
                answered.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    tokio::join!(
        recreate(gates.clone(), 50, |_| ()),
        recreate(layers.clone(), 50, |_| Identity::new()),
        recreate(services.clone(), 50, Numbered::new),
        recreate(selected.clone(), 50, |_| ()),
    );
    done.store(true, Ordering::Relaxed);
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    assert!(answered.load(Ordering::Relaxed) >= 8 * 50, "there was load");
    assert_eq!(
        gates.held() + layers.held() + services.held() + selected.held(),
        0
    );
}

/// What became of the requests to a server whose plugin is being started.
#[derive(Debug, PartialEq)]
enum Seen {
    Arrived,
    Left,
}

struct Leaves(UnboundedSender<Seen>);

impl Drop for Leaves {
    fn drop(&mut self) {
        let _ = self.0.send(Seen::Left);
    }
}

/// A server that tells when a request arrives, of which one is held, and when it is gone.
async fn holding_one(slot: &Slot<()>) -> (Server, UnboundedReceiver<Seen>) {
    let (tell, seen) = unbounded_channel();
    let telling = move |request: Request, next: Next| {
        let tell = tell.clone();
        async move {
            let _ = tell.send(Seen::Arrived);
            let _leaves = Leaves(tell);
            next.run(request).await
        }
    };
    let router = Router::new()
        .route("/", get(|| async { "hello" }))
        .layer(PluginLayer::new(slot).on_closed(hold(1)))
        .layer(from_fn(telling));
    (Server::start(router).await, seen)
}

#[tokio::test]
async fn request_without_its_plugin_waits_for_the_very_moment_it_is_back() {
    let slot: Slot<()> = Slot::new("geo", PluginState::Loading);
    let (server, mut seen) = holding_one(&slot).await;
    let held = tokio::spawn(server.get("/"));
    assert_eq!(seen.recv().await, Some(Seen::Arrived));
    assert_eq!(slot.held(), 1);
    let (status, headers, body) = server.get("/").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(headers["retry-after"], "1");
    let body = std::str::from_utf8(&body).unwrap();
    assert!(body.contains("no more requests may be held"), "{body}");
    assert!(!held.is_finished());
    slot.open(Generation::new(1, ()));
    assert_eq!(held.await.unwrap().0, StatusCode::OK);
}

#[tokio::test]
async fn client_that_goes_away_while_held_gives_its_place_back() {
    let slot: Slot<()> = Slot::new("geo", PluginState::Loading);
    let (server, mut seen) = holding_one(&slot).await;
    let held = tokio::spawn(server.get("/"));
    assert_eq!(seen.recv().await, Some(Seen::Arrived));
    assert_eq!(slot.held(), 1);
    held.abort();
    let left = tokio::time::timeout(Duration::from_secs(5), seen.recv());
    assert_eq!(left.await.expect("the server noticed"), Some(Seen::Left));
    assert_eq!(slot.held(), 0);
}

#[tokio::test]
async fn one_layer_on_a_whole_router_gates_each_plugin_by_itself() {
    let (geo, limit) = (open("text"), open(7_u64));
    let plugins = PluginSet::new()
        .with_name("geo", &geo)
        .with_name("limit", &limit);
    let layer = SelectLayer::new(PathSegment(1), plugins);
    let router = Router::new()
        .route(
            "/plugins/{name}",
            get(|Path(name): Path<String>| async { name }),
        )
        .route("/health", get(|| async { "healthy" }))
        .layer(layer);
    let server = Server::start(router).await;
    for (path, body) in [
        ("/plugins/geo", "geo"),
        ("/plugins/limit?x=/geo", "limit"),
        ("/health", "healthy"),
    ] {
        let (status, _, answer) = server.get(path).await;
        assert_eq!(
            (status, &*answer),
            (StatusCode::OK, body.as_bytes()),
            "{path}"
        );
    }
    let (status, _, body) = server.get("/plugins/other").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(body.starts_with(br#"{"status":"error","code":"plugin_not_found""#));

    let old = geo.close(PluginState::Disabled).unwrap();
    assert!(old.gate().is_drained());
    let (status, _, body) = server.get("/plugins/geo").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.starts_with(br#"{"plugin":"plugin""#), "{body:?}");
    assert_eq!(server.get("/plugins/limit").await.0, StatusCode::OK);
    assert_eq!(server.get("/health").await.0, StatusCode::OK);
}

#[tokio::test]
async fn router_goes_on_without_a_middleware_that_fails_open() {
    let slot: Slot<Identity> = Slot::new("tracing", PluginState::Failed);
    let layer = SwapLayer::new(&slot).on_closed(OnClosed::Bypass);
    let gate: Slot<()> = Slot::new("stats", PluginState::Failed);
    let router = Router::new()
        .route("/", get(|| async { "hello" }))
        .layer(layer)
        .layer(PluginLayer::new(&gate).on_closed(OnClosed::Bypass))
        .with_state(());
    let server = Server::start(router).await;
    let (status, _, body) = server.get("/").await;
    assert_eq!((status, &*body), (StatusCode::OK, &b"hello"[..]));
}
