use std::convert::Infallible;

use bytes::Bytes;
use http::Request;
use http_body::Frame;
use hyper::body::Incoming;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::{ServiceBuilder, service_fn};
use tower_plugin_gate::BoxError;

use super::support::{Plugin, full, reply, serve, within};

async fn get(stream: &mut tokio::net::TcpStream, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    let _ = within(stream.read_to_string(&mut response)).await;
    response
}

#[tokio::test]
async fn panics_in_call_future_and_body_leave_nobody_inside_and_the_server_serving() {
    let plugin = Plugin::open();
    let service = service_fn(|request: Request<Incoming>| {
        let path = request.uri().path().to_owned();
        assert!(path != "/call", "the call panicked");
        async move {
            assert!(path != "/future", "the future panicked");
            if path != "/body" {
                return Ok::<_, BoxError>(full("hello"));
            }
            let first = tokio_stream::once(Frame::data(Bytes::from_static(b"first")));
            let then = tokio_stream::iter(std::iter::once_with(|| panic!("the body panicked")));
            let frames = tokio_stream::StreamExt::chain(first, then);
            let frames = tokio_stream::StreamExt::map(frames, Ok::<_, Infallible>);
            Ok(reply(http_body_util::StreamBody::new(frames)))
        }
    });
    let service = ServiceBuilder::new().layer(plugin.layer()).service(service);
    let server = serve(service).await;
    for path in ["/call", "/future", "/body"] {
        let broken = get(&mut server.connect().await, path).await;
        assert!(!broken.ends_with("0\r\n\r\n"), "{path}: {broken}");
        let whole = get(&mut server.connect().await, "/").await;
        assert!(whole.ends_with("hello"), "after {path}: {whole}");
    }
    plugin.empties().await;
    let rejection = get(&mut server.connect().await, "/").await;
    assert!(rejection.starts_with("HTTP/1.1 503 "), "{rejection}");
}
