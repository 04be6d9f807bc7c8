//! A server that answers before it has read the request must not cut the answer off.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::{ServiceBuilder, service_fn};
use tower_plugin_gate::{BoxError, LingerLayer, Upload};

use super::support::{Plugin, Reply, Server, full, reply, serve, within};

/// More than any buffer on the way holds.
const LENGTH: usize = 64 << 20;
const ROUNDS: usize = 8;

/// Rejects everything, and reads on for the client's sake.
async fn lingering() -> Server {
    let never = |_: Request<Upload<Incoming>>| std::future::ready(Ok::<_, BoxError>(full("")));
    let service = ServiceBuilder::new()
        .layer(LingerLayer::new())
        .layer(Plugin::closed().layer())
        .service(service_fn(never));
    serve(service).await
}

async fn upload(server: &Server, length: usize) -> (StatusCode, Bytes) {
    let io = TokioIo::new(server.connect().await);
    let (mut send, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    let driver = tokio::spawn(connection);
    let body = Full::new(Bytes::from(vec![b'x'; length]));
    let request = Request::post("/").header("host", "a").body(body);
    let response = within(send.send_request(request.unwrap())).await.unwrap();
    let (head, body) = response.into_parts();
    let body = within(body.collect()).await.unwrap().to_bytes();
    driver.abort();
    (head.status, body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_upload_is_rejected_with_a_503_that_a_client_can_read() {
    let server = lingering().await;
    for _ in 0..ROUNDS {
        let (status, body) = upload(&server, LENGTH).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(body.ends_with(b"}"), "{body:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_upload_is_answered_without_a_body_as_well() {
    let unauthorized = |_: Request<Upload<Incoming>>| async {
        let mut response: Response<Reply> = reply(Empty::new());
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        Ok::<_, BoxError>(response)
    };
    let layer = LingerLayer::new();
    let server = serve(
        ServiceBuilder::new()
            .layer(layer)
            .service(service_fn(unauthorized)),
    )
    .await;
    for _ in 0..ROUNDS {
        let answer = upload(&server, LENGTH).await;
        assert_eq!(answer, (StatusCode::UNAUTHORIZED, Bytes::new()));
    }
}

/// Its head comes while it uploads, its body once it has, and the connection goes on.
#[tokio::test]
async fn client_that_uploads_slowly_is_told_at_once_and_keeps_its_connection() {
    let server = lingering().await;
    let mut stream = server.connect().await;
    for _ in 0..2 {
        stream
            .write_all(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nab")
            .await
            .unwrap();
        let mut response = Vec::new();
        while !response.ends_with(b"\r\n\r\n") {
            response.push(within(stream.read_u8()).await.unwrap());
        }
        assert!(response.starts_with(b"HTTP/1.1 503 "));
        stream.write_all(b"cd").await.unwrap();
        while !response.ends_with(b"}") {
            response.push(within(stream.read_u8()).await.unwrap());
        }
    }
}

#[tokio::test]
async fn client_that_waits_to_be_asked_for_its_upload_is_not_asked() {
    let server = lingering().await;
    let mut stream = server.connect().await;
    let head = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\nexpect: 100-continue\r\n\r\n";
    stream.write_all(head).await.unwrap();
    let mut response = String::new();
    within(stream.read_to_string(&mut response)).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    assert!(response.ends_with('}'), "{response}");
}

/// The layer by itself: the answer is there for clients that look for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_upload_is_rejected_with_a_503_that_is_there_after_writing_failed() {
    let never = |_: Request<Incoming>| std::future::ready(Ok::<_, BoxError>(full("")));
    let layer = Plugin::closed().layer();
    let server = serve(
        ServiceBuilder::new()
            .layer(layer)
            .service(service_fn(never)),
    )
    .await;
    let upload = vec![b'x'; LENGTH];
    for _ in 0..ROUNDS {
        let mut stream = server.connect().await;
        let head = format!("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {LENGTH}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        within(stream.write_all(&upload))
            .await
            .expect_err("nobody reads the upload");
        let mut response = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = within(stream.read(&mut buffer)).await {
            response.extend_from_slice(&buffer[..read]);
        }
        let response = String::from_utf8(response).unwrap();
        assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
        assert!(response.ends_with('}'), "{response}");
    }
}
