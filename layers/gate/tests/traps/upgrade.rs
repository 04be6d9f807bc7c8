use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tower::{ServiceBuilder, service_fn};
use tower_plugin_gate::{BoxError, Lease};

use super::support::{Http2, Plugin, Reply, Server, reply, serve, within};

/// Answers with an upgrade, and echoes until the client is done or the drain's deadline passes.
/// With `/careless`, the lease is not held.
async fn echo(mut request: Request<Incoming>) -> Result<Response<Reply>, BoxError> {
    let lease: Option<Lease> = request.extensions_mut().remove();
    let lease = lease.expect("a request for an upgrade carries a lease");
    let held = (request.uri().path() != "/careless").then_some(lease);
    let tunnel = request.method() == Method::CONNECT;
    tokio::spawn(async move {
        let upgraded = hyper::upgrade::on(&mut request).await.unwrap();
        drop(request);
        let mut io = TokioIo::new(upgraded);
        let mut buffer = [0; 64];
        loop {
            let cancelled = async {
                match &held {
                    Some(lease) => lease.cancelled().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = cancelled => return io.write_all(b"bye").await.unwrap(),
                read = io.read(&mut buffer) => match read {
                    Ok(read @ 1..) => io.write_all(&buffer[..read]).await.unwrap(),
                    _ => return,
                },
            }
        }
    });
    let mut response = reply(Empty::new());
    if !tunnel {
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert("connection", "upgrade".parse().unwrap());
        headers.insert("upgrade", "echo".parse().unwrap());
    }
    Ok(response)
}

async fn server(plugin: &Plugin) -> Server {
    serve(
        ServiceBuilder::new()
            .layer(plugin.layer())
            .service(service_fn(echo)),
    )
    .await
}

async fn upgraded(server: &Server, path: &str) -> TcpStream {
    let mut stream = server.connect().await;
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(within(stream.read_u8()).await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "));
    assert_echoes(&mut stream).await;
    stream
}

async fn assert_echoes<T: AsyncReadExt + AsyncWriteExt + Unpin>(stream: &mut T) {
    stream.write_all(b"ping").await.unwrap();
    let mut echoed = [0; 4];
    within(stream.read_exact(&mut echoed)).await.unwrap();
    assert_eq!(&echoed, b"ping");
}

#[tokio::test]
async fn upgraded_connection_keeps_counting_after_the_response_body_is_dropped() {
    let plugin = Plugin::open();
    let server = server(&plugin).await;
    let mut stream = upgraded(&server, "/").await;
    plugin.close();
    plugin.stays_occupied().await;
    assert_echoes(&mut stream).await;
    drop(stream);
    plugin.empties().await;
    assert_eq!(plugin.gate.cancelled_count(), 0);
}

#[tokio::test]
async fn upgraded_connection_hears_of_the_cancellation_through_its_lease() {
    let plugin = Plugin::open();
    let server = server(&plugin).await;
    let mut stream = upgraded(&server, "/").await;
    plugin.cut_off();
    let mut farewell = String::new();
    within(stream.read_to_string(&mut farewell)).await.unwrap();
    assert_eq!(farewell, "bye");
    plugin.empties().await;
    assert_eq!(plugin.gate.cancelled_count(), 1);
}

#[tokio::test]
async fn upgraded_connection_whose_handler_drops_the_lease_is_not_counted() {
    let plugin = Plugin::open();
    let server = server(&plugin).await;
    let mut stream = upgraded(&server, "/careless").await;
    plugin.empties().await;
    assert_echoes(&mut stream).await;
}

#[tokio::test]
async fn http2_tunnel_keeps_counting_until_it_is_shut() {
    let plugin = Plugin::open();
    let server = server(&plugin).await;
    let mut client = Http2::connect(&server).await;
    let request = Request::connect("example.org:443")
        .body(Empty::<Bytes>::new())
        .unwrap();
    let response = within(client.send.send_request(request)).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let mut tunnel = TokioIo::new(within(hyper::upgrade::on(response)).await.unwrap());
    assert_echoes(&mut tunnel).await;
    plugin.close();
    plugin.stays_occupied().await;
    assert_echoes(&mut tunnel).await;
    tunnel.shutdown().await.unwrap();
    plugin.empties().await;
}
