//! A server that answers before it has read the request must not cut the answer off.

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::{ServiceBuilder, service_fn};
use tower_plugin_gate::BoxError;

use super::support::{Plugin, Server, full, serve, within};

/// More than any buffer on the way holds.
const LENGTH: usize = 64 << 20;
/// What the buffers on the way hold.
const BUFFERED: usize = 1 << 20;
const ROUNDS: usize = 8;

async fn rejecting() -> Server {
    let never = |_: Request<Incoming>| std::future::ready(Ok::<_, BoxError>(full("")));
    let layer = Plugin::closed().layer();
    serve(
        ServiceBuilder::new()
            .layer(layer)
            .service(service_fn(never)),
    )
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upload_is_rejected_with_a_503_that_a_client_can_read() {
    let server = rejecting().await;
    let upload = Bytes::from(vec![b'x'; BUFFERED]);
    for _ in 0..ROUNDS {
        let io = TokioIo::new(server.connect().await);
        let (mut send, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        let driver = tokio::spawn(connection);
        let request = Request::post("/")
            .header("host", "a")
            .body(Full::new(upload.clone()));
        let response = within(send.send_request(request.unwrap())).await.unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        let body = within(response.into_body().collect())
            .await
            .unwrap()
            .to_bytes();
        assert!(body.ends_with(b"}"), "{body:?}");
        driver.abort();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_upload_is_rejected_with_a_503_that_is_there_after_writing_failed() {
    let server = rejecting().await;
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
