use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tower::{ServiceBuilder, service_fn};
use tower_plugin_gate::{BoxError, PluginLayer};

use super::support::{Http2, Plugin, Reply, Server, listen, serve, within};

/// tonic's own health service, behind the plugin.
async fn health(plugin: &Plugin) -> Server {
    let (_, service) = tonic_health::server::health_reporter();
    let router = tonic::transport::Server::builder()
        .layer(PluginLayer::grpc(&plugin.slot))
        .add_service(service);
    let (listener, addr) = listen().await;
    Server::new(
        addr,
        tokio::spawn(async move {
            router
                .serve_with_incoming(TcpListenerStream::new(listener))
                .await
                .unwrap();
        }),
    )
}

async fn client(server: &Server) -> HealthClient<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{}", server.addr)).unwrap();
    HealthClient::new(within(endpoint.connect()).await.unwrap())
}

fn whole_server() -> HealthCheckRequest {
    HealthCheckRequest {
        service: String::new(),
    }
}

#[tokio::test]
async fn open_plugin_changes_nothing_for_a_tonic_client() {
    let plugin = Plugin::open();
    let server = health(&plugin).await;
    let response = within(client(&server).await.check(whole_server()))
        .await
        .unwrap();
    assert_eq!(response.into_inner().status, 1);
    plugin.empties().await;
    assert_eq!(plugin.gate.cancelled_count(), 0);
}

#[tokio::test]
async fn closed_plugin_is_unavailable_to_a_tonic_client() {
    let plugin = Plugin::closed();
    let server = health(&plugin).await;
    let mut client = client(&server).await;
    let unary = within(client.check(whole_server())).await.unwrap_err();
    let streaming = within(client.watch(whole_server())).await.unwrap_err();
    for status in [unary, streaming] {
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(status.message(), "plugin `geo` is reloading; retry shortly");
    }
}

#[tokio::test]
async fn stream_that_is_cut_off_ends_as_unavailable_for_a_tonic_client() {
    let plugin = Plugin::open();
    let server = health(&plugin).await;
    let mut client = client(&server).await;
    let mut stream = within(client.watch(whole_server()))
        .await
        .unwrap()
        .into_inner();
    within(stream.message())
        .await
        .unwrap()
        .expect("the first status");
    assert_eq!(plugin.gate.in_flight(), 1);
    plugin.cut_off();
    let status = within(stream.message()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(
        status.message().contains("passed its drain deadline"),
        "{status}"
    );
    plugin.empties().await;
    assert_eq!(plugin.gate.cancelled_count(), 1);
}

#[tokio::test]
async fn tonic_client_that_goes_away_in_mid_stream_leaves() {
    let plugin = Plugin::open();
    let server = health(&plugin).await;
    let mut client = client(&server).await;
    let mut stream = within(client.watch(whole_server()))
        .await
        .unwrap()
        .into_inner();
    within(stream.message())
        .await
        .unwrap()
        .expect("the first status");
    drop(stream);
    plugin.empties().await;
}

#[tokio::test]
async fn call_that_is_cut_off_before_its_head_is_unavailable_for_a_tonic_client() {
    let plugin = Plugin::open();
    let (entered, mut entries) = tokio::sync::mpsc::unbounded_channel();
    let never = move |_: Request<Incoming>| {
        entered.send(()).expect("the test waits for it");
        std::future::pending::<Result<Response<Reply>, BoxError>>()
    };
    let layer = PluginLayer::grpc(&plugin.slot);
    let server = serve(
        ServiceBuilder::new()
            .layer(layer)
            .service(service_fn(never)),
    )
    .await;
    let mut client = client(&server).await;
    let call = tokio::spawn(async move { client.check(whole_server()).await });
    within(entries.recv()).await.expect("the call came in");
    plugin.cut_off();
    let status = within(call).await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    plugin.empties().await;
}

#[tokio::test]
async fn rejection_is_a_status_on_headers_that_end_the_stream() {
    let plugin = Plugin::closed();
    let server = health(&plugin).await;
    let mut client = Http2::connect(&server).await;
    let request = Request::post("http://a/grpc.health.v1.Health/Check")
        .header("content-type", "application/grpc")
        .body(Empty::<Bytes>::new())
        .unwrap();
    let response = within(client.send.send_request(request)).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/grpc");
    assert_eq!(response.headers()["grpc-status"], "14");
    let body = response.into_body();
    assert!(hyper::body::Body::is_end_stream(&body));
    let body = within(body.collect()).await.unwrap();
    assert!(body.trailers().is_none() && body.to_bytes().is_empty());
}

#[cfg(feature = "tonic")]
#[tokio::test]
async fn gated_service_is_added_by_its_own_name_and_gates_no_other() {
    use tower::Layer;

    let plugin = Plugin::closed();
    let (_, service) = tonic_health::server::health_reporter();
    let gated = PluginLayer::grpc(&plugin.slot).layer(service);
    let router = tonic::transport::Server::builder().add_service(gated);
    let (listener, addr) = listen().await;
    let server = Server::new(
        addr,
        tokio::spawn(async move {
            router
                .serve_with_incoming(TcpListenerStream::new(listener))
                .await
                .unwrap();
        }),
    );
    let status = within(client(&server).await.check(whole_server()))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);

    let mut raw = Http2::connect(&server).await;
    let request = Request::post("http://a/other.Service/Call")
        .header("content-type", "application/grpc")
        .body(Empty::<Bytes>::new())
        .unwrap();
    let response = within(raw.send.send_request(request)).await.unwrap();
    assert_eq!(
        response.headers()["grpc-status"],
        "12",
        "unimplemented, not unavailable"
    );
}
