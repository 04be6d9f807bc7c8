//! A response is byte for byte what it would be without the layer.

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::Incoming;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::{Layer, service_fn};
use tower_plugin_gate::BoxError;

use super::support::{Http2, Plugin, Reply, Server, full, reply, serve, within};

const METHODS: [&str; 3] = ["GET", "HEAD", "POST"];
const PATHS: [&str; 9] = [
    "/full",
    "/empty",
    "/204",
    "/304",
    "/404",
    "/chunks",
    "/trailers",
    "/announced",
    "/known",
];

fn frames(frames: Vec<Frame<Bytes>>) -> Response<Reply> {
    let frames = frames.into_iter().map(Ok::<_, BoxError>);
    reply(StreamBody::new(tokio_stream::iter(frames)))
}

fn data(text: &'static str) -> Frame<Bytes> {
    Frame::data(Bytes::from_static(text.as_bytes()))
}

fn with_status(status: u16, mut response: Response<Reply>) -> Response<Reply> {
    *response.status_mut() = status.try_into().unwrap();
    response
}

fn with_header(name: &'static str, value: &str, mut response: Response<Reply>) -> Response<Reply> {
    response.headers_mut().insert(name, value.parse().unwrap());
    response
}

fn answer(path: &str) -> Response<Reply> {
    match path {
        "/full" => full("hello"),
        "/empty" => reply(Empty::new()),
        "/204" => with_status(204, reply(Empty::new())),
        "/304" => with_header("etag", "\"a\"", with_status(304, reply(Empty::new()))),
        "/404" => with_status(404, full("no such thing")),
        "/chunks" => frames(vec![data("one"), data("two"), data("")]),
        "/trailers" => {
            let mut trailers = HeaderMap::new();
            trailers.insert("checksum", "7".parse().unwrap());
            let body = frames(vec![data("one"), Frame::trailers(trailers)]);
            with_header("trailer", "checksum", body)
        }
        "/announced" => with_header(
            "content-length",
            "6",
            frames(vec![data("one"), data("two")]),
        ),
        "/known" => reply(Full::new(Bytes::from(vec![b'x'; 100_000]))),
        _ => unreachable!("a path of the list"),
    }
}

/// The same service twice, with the layer around it and without.
async fn pair(plugin: &Plugin) -> [Server; 2] {
    let service = service_fn(|request: Request<Incoming>| async move {
        Ok::<_, BoxError>(answer(request.uri().path()))
    });
    [
        serve(plugin.layer().layer(service)).await,
        serve(service).await,
    ]
}

#[tokio::test]
async fn http1_response_is_byte_for_byte_what_it_is_without_the_layer() {
    let plugin = Plugin::open();
    let servers = pair(&plugin).await;
    for method in METHODS {
        for path in PATHS {
            let mut seen = Vec::new();
            for server in &servers {
                let mut stream = server.connect().await;
                let request = format!(
                    "{method} {path} HTTP/1.1\r\nhost: a\r\nte: trailers\r\nconnection: close\r\n\r\n"
                );
                stream.write_all(request.as_bytes()).await.unwrap();
                let mut response = Vec::new();
                within(stream.read_to_end(&mut response)).await.unwrap();
                assert!(response.starts_with(b"HTTP/1.1 "));
                seen.push(String::from_utf8(response).unwrap());
            }
            assert_eq!(seen[0], seen[1], "{method} {path}");
        }
    }
    plugin.empties().await;
}

#[tokio::test]
async fn http2_response_is_frame_for_frame_what_it_is_without_the_layer() {
    let plugin = Plugin::open();
    let servers = pair(&plugin).await;
    let mut clients = Vec::new();
    for server in &servers {
        clients.push(Http2::connect(server).await);
    }
    for method in METHODS {
        for path in PATHS {
            let mut seen = Vec::new();
            for client in &mut clients {
                let request = Request::builder()
                    .method(method)
                    .uri(format!("http://a{path}"))
                    .body(Empty::<Bytes>::new())
                    .unwrap();
                let response = within(client.send.send_request(request)).await.unwrap();
                let (head, body) = response.into_parts();
                let ended_with_the_head = hyper::body::Body::is_end_stream(&body);
                // hyper sends a body even to HEAD, which the client finds fault with.
                let body = within(body.collect()).await;
                let body = body.map_err(|error| format!("{error:?}")).map(|body| {
                    let trailers = body.trailers().cloned();
                    (body.to_bytes(), trailers)
                });
                seen.push((head.status, head.headers, ended_with_the_head, body));
            }
            assert_eq!(seen[0], seen[1], "{method} {path}");
        }
    }
    plugin.empties().await;
}
