//! Through axum's router and real sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::HeaderMap;
use axum::routing::get;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};
use tower_plugin_gate::{Generation, PluginState, Slot};
use tower_plugin_swap::{SwapLayer, SwapService};

use crate::support::{Numbered, Stamp, open, swap};

pub(crate) struct Server {
    address: std::net::SocketAddr,
    client: Client<HttpConnector, Empty<Bytes>>,
    task: AbortHandle,
}

impl Server {
    pub(crate) async fn start(router: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            address: listener.local_addr().unwrap(),
            client: Client::builder(TokioExecutor::new()).build_http(),
            task: tokio::spawn(async move { axum::serve(listener, router).await }).abort_handle(),
        }
    }

    pub(crate) fn get(
        &self,
        path: &str,
    ) -> impl Future<Output = (StatusCode, HeaderMap, Bytes)> + use<> {
        let uri = format!("http://{}{path}", self.address);
        let request = Request::get(uri).body(Empty::new()).unwrap();
        let response = self.client.request(request);
        async move {
            let (head, body) = response.await.unwrap().into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            (head.status, head.headers, body)
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Says which generation of the layer stamped the request.
async fn stamped(headers: HeaderMap) -> String {
    headers["x-number"].to_str().unwrap().to_owned()
}

/// A few hundred swaps, one a millisecond, until told to stop.
async fn keep_swapping<T: Send + Sync + 'static>(
    slot: Slot<T>,
    stop: Arc<AtomicBool>,
    make: fn(usize) -> T,
) -> Vec<Generation<T>> {
    let mut old = Vec::new();
    let mut tick = tokio::time::interval(Duration::from_millis(1));
    while !stop.load(Ordering::Relaxed) {
        tick.tick().await;
        old.push(swap(&slot, make(old.len() + 2)));
    }
    old
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keep_alive_clients_of_a_router_see_no_swap() {
    let layers = open(Stamp::new(1));
    let services = open(Numbered::new(1));
    let router = Router::new()
        .route("/layered", get(stamped))
        .route_layer(SwapLayer::new(&layers))
        .route_service("/served", SwapService::new(&services))
        .nest_service("/nested", SwapService::new(&services))
        .with_state(());
    let server = Server::start(router).await;
    let stop = Arc::new(AtomicBool::new(false));
    let stamps = keep_swapping(layers.clone(), Arc::clone(&stop), Stamp::new);
    let numbers = keep_swapping(services.clone(), Arc::clone(&stop), Numbered::new);
    let (stamps, numbers) = (tokio::spawn(stamps), tokio::spawn(numbers));

    let mut clients = JoinSet::new();
    for client in 0..9 {
        let path = ["/layered", "/served", "/nested/deeper"][client % 3];
        let requests: Vec<_> = (0..100).map(|_| server.get(path)).collect();
        clients.spawn(async move {
            for request in requests {
                let (status, _, body) = request.await;
                assert_eq!(status, StatusCode::OK, "{path}");
                assert!(!body.is_empty());
            }
        });
    }
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    let (stamps, numbers) = (stamps.await.unwrap(), numbers.await.unwrap());
    assert!(!stamps.is_empty() && !numbers.is_empty(), "it was swapped");
    let drained = async {
        for generation in &stamps {
            generation.gate().drained().await;
        }
        for generation in &numbers {
            generation.gate().drained().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), drained)
        .await
        .expect("every old generation is drained");
    let last = (layers.generation().unwrap(), services.generation().unwrap());
    let stamped: usize = stamps
        .iter()
        .chain([&last.0])
        .map(|one| one.instance().calls())
        .sum();
    let numbered: usize = numbers
        .iter()
        .chain([&last.1])
        .map(|one| one.instance().calls())
        .sum();
    assert_eq!((stamped, numbered), (300, 600));
}

#[tokio::test]
async fn layer_on_a_whole_router_is_swapped_on_an_open_connection() {
    let slot = open(Stamp::new(1));
    let router = Router::new()
        .route("/", get(stamped))
        .fallback(|| async { (StatusCode::NOT_FOUND, "lost") })
        .layer(SwapLayer::new(&slot));
    let server = Server::start(router).await;
    assert_eq!(server.get("/").await.2, "1");
    swap(&slot, Stamp::new(2));
    assert_eq!(server.get("/").await.2, "2");
    assert_eq!(server.get("/none").await.0, StatusCode::NOT_FOUND);

    slot.close(PluginState::Disabled);
    let (status, headers, body) = server.get("/").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(headers["retry-after"], "1");
    assert!(body.starts_with(br#"{"plugin":"plugin""#), "{body:?}");
}

#[tokio::test]
async fn limit_made_by_the_instance_holds_for_all_connections_of_a_router_with_its_state() {
    use tower::limit::ConcurrencyLimitLayer;

    let slot = open(ConcurrencyLimitLayer::new(1));
    let (entered, mut inside) = tokio::sync::mpsc::unbounded_channel();
    let release = Arc::new(tokio::sync::Semaphore::new(0));
    let handler = {
        let release = Arc::clone(&release);
        move || async move {
            entered.send(()).unwrap();
            release.acquire().await.unwrap().forget();
            Body::empty()
        }
    };
    let router = Router::new()
        .route("/", get(handler))
        .layer(SwapLayer::new(&slot))
        .with_state(());
    let server = Server::start(router).await;
    let first = tokio::spawn(server.get("/"));
    inside.recv().await.expect("the first");
    let second = tokio::spawn(server.get("/"));
    let early = tokio::time::timeout(Duration::from_millis(100), inside.recv()).await;
    assert!(early.is_err(), "the second is inside beside the first");

    swap(&slot, ConcurrencyLimitLayer::new(1));
    let third = tokio::spawn(server.get("/"));
    inside.recv().await.expect("the third, by the new limit");
    release.add_permits(3);
    for request in [first, second, third] {
        assert_eq!(request.await.unwrap().0, StatusCode::OK);
    }
}
