//! gRPC-Web translates trailers into the body, so it belongs around the gate.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_stream::wrappers::TcpListenerStream;
use tower_plugin_gate::PluginLayer;

use super::support::{Plugin, Server, listen, within};

async fn health(plugin: &Plugin) -> Server {
    let (_, service) = tonic_health::server::health_reporter();
    let router = tonic::transport::Server::builder()
        .accept_http1(true)
        .layer(tonic_web::GrpcWebLayer::new())
        .layer(PluginLayer::grpc(&plugin.slot))
        .add_service(service);
    let (listener, addr) = listen().await;
    Server::new(
        addr,
        tokio::spawn(async move {
            let incoming = TcpListenerStream::new(listener);
            router.serve_with_incoming(incoming).await.unwrap();
        }),
    )
}

/// Watches over HTTP/1, and reads until `seen` was seen.
async fn watch(server: &Server, stream: &mut Vec<u8>, seen: &str) -> tokio::net::TcpStream {
    let mut socket = server.connect().await;
    let head = b"POST /grpc.health.v1.Health/Watch HTTP/1.1\r\nhost: a\r\n\
        content-type: application/grpc-web+proto\r\ncontent-length: 5\r\n\r\n";
    socket.write_all(head).await.unwrap();
    // One message, not compressed, of no bytes: the status of the whole server.
    socket.write_all(&[0; 5]).await.unwrap();
    read_until(&mut socket, stream, seen).await;
    socket
}

async fn read_until(socket: &mut tokio::net::TcpStream, stream: &mut Vec<u8>, seen: &str) {
    while !stream
        .windows(seen.len())
        .any(|window| window == seen.as_bytes())
    {
        stream.push(within(socket.read_u8()).await.expect(seen));
    }
}

#[tokio::test]
async fn rejection_is_a_status_to_a_grpc_web_client() {
    let plugin = Plugin::closed();
    let server = health(&plugin).await;
    let mut head = Vec::new();
    watch(&server, &mut head, "\r\n\r\n").await;
    let head = String::from_utf8(head).unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(head.contains("\r\ngrpc-status: 14\r\n"), "{head}");
}

#[tokio::test]
async fn stream_that_is_cut_off_ends_with_a_status_in_the_body_of_a_grpc_web_client() {
    let plugin = Plugin::open();
    let server = health(&plugin).await;
    let mut stream = Vec::new();
    // The message says 1: serving.
    let mut socket = watch(&server, &mut stream, "\x08\x01").await;
    plugin.cut_off();
    read_until(&mut socket, &mut stream, "grpc-status:14\r\n").await;
    read_until(&mut socket, &mut stream, "\r\n0\r\n\r\n").await;
    plugin.empties().await;
}
