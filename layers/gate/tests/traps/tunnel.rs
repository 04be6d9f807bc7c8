//! CONNECT over HTTP/2: tunnels, and WebSockets by extended CONNECT (RFC 8441).

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::ext::Protocol;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;
use tower::{ServiceBuilder, service_fn};
use tower_plugin_gate::{BoxError, Lease, PluginLayer};

use super::support::{Http2, Plugin, Server, full, reply, serve, within};

type Client = Http2<Empty<Bytes>>;

/// Greets whoever comes through a tunnel, and holds the lease until it is told to let go,
/// whatever the client does.
async fn server(layer: PluginLayer, let_go: Arc<Notify>) -> Server {
    let tunnel = move |mut request: Request<Incoming>| {
        let let_go = let_go.clone();
        async move {
            if request.method() != Method::CONNECT {
                return Ok::<_, BoxError>(full("hello"));
            }
            let lease: Lease = request.extensions_mut().remove().expect("an upgrade");
            tokio::spawn(async move {
                let upgraded = hyper::upgrade::on(&mut request).await.unwrap();
                TokioIo::new(upgraded).write_all(b"hi").await.unwrap();
                let_go.notified().await;
                drop(lease);
            });
            Ok(reply(Empty::new()))
        }
    };
    let stack = ServiceBuilder::new().layer(layer);
    serve(stack.service(service_fn(tunnel))).await
}

/// A client that knows by an answer that the server takes extended CONNECT.
async fn client(server: &Server) -> Client {
    let mut client = Http2::connect(server).await;
    let request = Request::get(format!("http://{}/", server.addr));
    let request = request.body(Empty::new()).unwrap();
    within(client.send.send_request(request)).await.unwrap();
    client
}

fn websocket(server: &Server) -> Request<Empty<Bytes>> {
    Request::connect(format!("http://{}/chat", server.addr))
        .extension(Protocol::from_static("websocket"))
        .header("sec-websocket-version", "13")
        .body(Empty::new())
        .unwrap()
}

fn connect() -> Request<Empty<Bytes>> {
    let request = Request::connect("example.org:443");
    request.body(Empty::new()).unwrap()
}

async fn send(client: &mut Client, request: Request<Empty<Bytes>>) -> Response<Incoming> {
    within(client.send.send_request(request)).await.unwrap()
}

async fn keeps_counting(request: impl Fn(&Server) -> Request<Empty<Bytes>>) {
    let (plugin, let_go) = (Plugin::open(), Arc::new(Notify::new()));
    let server = server(plugin.layer(), let_go.clone()).await;
    let mut client = client(&server).await;
    let response = send(&mut client, request(&server)).await;
    assert_eq!(response.status(), StatusCode::OK);
    let mut tunnel = TokioIo::new(within(hyper::upgrade::on(response)).await.unwrap());
    let mut greeting = [0; 2];
    within(tunnel.read_exact(&mut greeting)).await.unwrap();
    assert_eq!(&greeting, b"hi");

    drop(tunnel);
    plugin.close();
    plugin.stays_occupied().await;
    let_go.notify_one();
    plugin.empties().await;
}

#[tokio::test]
async fn websocket_over_http2_keeps_counting_until_its_handler_drops_the_lease() {
    keeps_counting(websocket).await;
}

#[tokio::test]
async fn http2_tunnel_keeps_counting_until_its_handler_drops_the_lease() {
    keeps_counting(|_| connect()).await;
}

#[tokio::test]
async fn rejected_connect_over_http2_is_never_a_2xx() {
    let plugin = Plugin::open();
    let layers = [plugin.layer(), PluginLayer::grpc(&plugin.slot)];
    for layer in layers.map(|layer| layer.retry_after(std::time::Duration::from_secs(7))) {
        let plugin = &plugin;
        let server = server(layer, Arc::default()).await;
        let mut client = client(&server).await;
        plugin.close();
        for request in [websocket(&server), connect()] {
            let response: Response<_> = send(&mut client, request).await;
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(response.headers()["retry-after"], "7");
        }
        plugin.slot.open(tower_plugin_gate::Generation::new(2, ()));
    }
    plugin.close();
    assert_eq!(plugin.slot.counters().rejected, 4);
}
