use std::future::ready;

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use hyper::body::Incoming;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tower::{ServiceBuilder, service_fn};
use tower_plugin_gate::BoxError;

use super::support::{
    Endless, Plugin, Reply, Server, full, reply, serve, stalled, stuck_after, within,
};

/// A server that answers every request with what `answer` makes.
async fn answering(plugin: &Plugin, answer: fn() -> Response<Reply>) -> Server {
    let respond = move |_: Request<Incoming>| async move { Ok::<_, BoxError>(answer()) };
    serve(
        ServiceBuilder::new()
            .layer(plugin.layer())
            .service(service_fn(respond)),
    )
    .await
}

async fn get(server: &Server) -> TcpStream {
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    stream
}

/// Reads until `end` was seen.
async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut read = Vec::new();
    while !read.ends_with(end.as_bytes()) {
        let byte = within(stream.read_u8()).await.expect("more was announced");
        read.push(byte);
    }
    String::from_utf8(read).unwrap()
}

/// What is left, however the connection ends.
async fn read_rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = within(stream.read(&mut buffer)).await {
        rest.extend_from_slice(&buffer[..read]);
    }
    rest
}

#[tokio::test]
async fn body_of_an_exact_length_is_released_while_the_connection_is_kept_alive() {
    let plugin = Plugin::open();
    let server = answering(&plugin, || full("hello")).await;
    let mut stream = get(&server).await;
    let response = read_until(&mut stream, "hello").await;
    assert!(response.contains("content-length: 5\r\n"), "{response}");
    plugin.empties().await;
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    let rejection = read_until(&mut stream, "}").await;
    assert!(rejection.starts_with("HTTP/1.1 503 "), "{rejection}");
}

/// As files are served: the length is in the head, and the body does not know of it.
fn file() -> Response<Reply> {
    let parts = ["hel", "lo"].map(|part| Ok::<_, BoxError>(Frame::data(Bytes::from(part))));
    let mut response = reply(StreamBody::new(tokio_stream::iter(parts)));
    response
        .headers_mut()
        .insert(CONTENT_LENGTH, HeaderValue::from_static("5"));
    response
}

#[tokio::test]
async fn body_of_an_announced_length_is_completed_though_the_server_never_asks_for_its_end() {
    let plugin = Plugin::open();
    let server = answering(&plugin, file).await;
    for completed in 1..=3 {
        let mut stream = get(&server).await;
        let response = read_until(&mut stream, "hello").await;
        assert!(response.contains("content-length: 5\r\n"), "{response}");
        // It left before its last byte was sent.
        assert_eq!(plugin.gate.counters().completed, completed);
    }
    let counters = plugin.gate.counters();
    assert_eq!((counters.completed, counters.abandoned), (3, 0));
}

#[tokio::test]
async fn head_request_is_completed_though_the_server_drops_its_body() {
    for answer in [file, || full("hello")] {
        let plugin = Plugin::open();
        let server = answering(&plugin, answer).await;
        let mut stream = server.connect().await;
        let request = b"HEAD / HTTP/1.1\r\nhost: a\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let response = read_until(&mut stream, "\r\n\r\n").await;
        assert!(response.contains("content-length: 5\r\n"), "{response}");
        plugin.empties().await;
        let counters = plugin.gate.counters();
        assert_eq!((counters.completed, counters.abandoned), (1, 0));
    }
}

#[tokio::test]
async fn cancelled_chunked_body_ends_without_its_terminator() {
    let plugin = Plugin::open();
    let server = answering(&plugin, || stuck_after("hello")).await;
    let mut stream = get(&server).await;
    let head = read_until(&mut stream, "hello\r\n").await;
    assert!(head.contains("transfer-encoding: chunked\r\n"), "{head}");
    plugin.cut_off();
    let rest = read_rest(&mut stream).await;
    assert!(
        !rest.windows(5).any(|end| end == b"0\r\n\r\n"),
        "a clean end is a lie: {rest:?}"
    );
    plugin.empties().await;
    assert_eq!(plugin.gate.cancelled_count(), 1);
}

#[tokio::test]
async fn cancelled_body_of_a_known_length_falls_short_of_it() {
    let plugin = Plugin::open();
    let server = answering(&plugin, || {
        let mut response = stuck_after("hello");
        response.headers_mut().insert("content-length", 10.into());
        response
    })
    .await;
    let mut stream = get(&server).await;
    read_until(&mut stream, "hello").await;
    plugin.cut_off();
    assert_eq!(
        read_rest(&mut stream).await,
        b"",
        "and the connection is over"
    );
    plugin.empties().await;
}

#[tokio::test]
async fn request_that_is_cancelled_before_its_head_is_answered_503() {
    let plugin = Plugin::open();
    let (entered, mut entries) = tokio::sync::mpsc::unbounded_channel();
    let never = move |_: Request<Incoming>| {
        entered.send(()).expect("the test waits for it");
        std::future::pending::<Result<Response<Reply>, BoxError>>()
    };
    let service = ServiceBuilder::new()
        .layer(plugin.layer())
        .service(service_fn(never));
    let server = serve(service).await;
    let mut stream = get(&server).await;
    within(entries.recv()).await.expect("the request came in");
    assert_eq!(plugin.gate.in_flight(), 1);
    plugin.cut_off();
    let response = read_until(&mut stream, "}").await;
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    assert!(response.contains("retry-after: 1\r\n"), "{response}");
    assert!(
        response.contains(r#""code":"request_cancelled""#),
        "{response}"
    );
    plugin.empties().await;
}

#[tokio::test]
async fn client_that_disconnects_in_mid_body_leaves() {
    let plugin = Plugin::open();
    let server = answering(&plugin, || stuck_after("hello")).await;
    let mut stream = get(&server).await;
    read_until(&mut stream, "hello").await;
    assert_eq!(plugin.gate.in_flight(), 1);
    drop(stream);
    plugin.empties().await;
}

#[tokio::test]
async fn client_that_reads_nothing_stays_inside_after_the_cancellation_until_it_disconnects() {
    let plugin = Plugin::open();
    let (endless, mut polls) = Endless::new();
    let respond = move |_: Request<Incoming>| ready(Ok::<_, BoxError>(endless.response()));
    let service = ServiceBuilder::new()
        .layer(plugin.layer())
        .service(service_fn(respond));
    let server = serve(service).await;
    let stream = get(&server).await;
    stalled(&mut polls).await;

    plugin.cut_off();
    plugin.stays_occupied().await;
    assert!(polls.try_recv().is_err(), "nobody asked the body");
    drop(stream);
    plugin.empties().await;
}

#[tokio::test]
async fn connect_is_answered_503_even_in_grpc() {
    let plugin = Plugin::closed();
    let tunnel = |_: Request<Incoming>| std::future::ready(Ok::<_, BoxError>(full("")));
    let layer = tower_plugin_gate::PluginLayer::grpc(&plugin.slot);
    let server = serve(
        ServiceBuilder::new()
            .layer(layer)
            .service(service_fn(tunnel)),
    )
    .await;
    let mut stream = server.connect().await;
    let request = b"CONNECT example.org:443 HTTP/1.1\r\nhost: example.org:443\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let head = read_until(&mut stream, "\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
}

/// The drain ends with the body, not with the socket: connections must outlive it.
#[tokio::test]
async fn response_that_is_drained_still_reaches_a_slow_client_whole() {
    const LENGTH: usize = 16 << 20;
    let plugin = Plugin::open();
    let server = answering(&plugin, || {
        reply(http_body_util::Full::new(Bytes::from_static(
            &[b'x'; LENGTH],
        )))
    })
    .await;
    let mut stream = get(&server).await;
    read_until(&mut stream, "\r\n\r\n").await;
    plugin.empties().await;
    let mut body = vec![0; LENGTH];
    within(stream.read_exact(&mut body))
        .await
        .expect("the whole body");
    assert!(body.iter().all(|byte| *byte == b'x'));
}
