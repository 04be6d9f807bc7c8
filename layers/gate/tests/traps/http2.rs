use std::future::ready;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use tower::{ServiceBuilder, service_fn};
use tower_plugin_gate::BoxError;

use super::support::{Endless, Http2, Plugin, Reply, Server, serve, stalled, stuck_after, within};

async fn answering(plugin: &Plugin, answer: fn() -> Response<Reply>) -> Server {
    let respond = move |_: Request<Incoming>| async move { Ok::<_, BoxError>(answer()) };
    serve(
        ServiceBuilder::new()
            .layer(plugin.layer())
            .service(service_fn(respond)),
    )
    .await
}

fn get(server: &Server) -> Request<Empty<Bytes>> {
    Request::get(format!("http://{}/", server.addr))
        .body(Empty::new())
        .unwrap()
}

#[tokio::test]
async fn stream_whose_window_is_shut_stays_inside_after_the_cancellation_until_it_is_reset() {
    let plugin = Plugin::open();
    let (endless, mut polls) = Endless::new();
    let respond = move |_: Request<Incoming>| ready(Ok::<_, BoxError>(endless.response()));
    let service = ServiceBuilder::new()
        .layer(plugin.layer())
        .service(service_fn(respond));
    let server = serve(service).await;
    let mut client = Http2::connect(&server).await;
    let response = within(client.send.send_request(get(&server)))
        .await
        .unwrap();
    stalled(&mut polls).await;

    plugin.cut_off();
    plugin.stays_occupied().await;
    assert!(polls.try_recv().is_err(), "nobody asked the body");
    drop(response);
    plugin.empties().await;
}

#[tokio::test]
async fn client_that_resets_the_stream_in_mid_body_leaves() {
    let plugin = Plugin::open();
    let server = answering(&plugin, || stuck_after("hello")).await;
    let mut client = Http2::connect(&server).await;
    let mut response = within(client.send.send_request(get(&server)))
        .await
        .unwrap();
    within(response.body_mut().frame())
        .await
        .expect("a frame")
        .unwrap();
    assert_eq!(plugin.gate.in_flight(), 1);
    drop(response);
    plugin.empties().await;
}

#[tokio::test]
async fn client_that_disconnects_leaves_with_every_stream() {
    let plugin = Plugin::open();
    let server = answering(&plugin, || stuck_after("hello")).await;
    let mut client = Http2::connect(&server).await;
    let mut responses = Vec::new();
    for _ in 0..3 {
        responses.push(
            within(client.send.send_request(get(&server)))
                .await
                .unwrap(),
        );
    }
    assert_eq!(plugin.gate.in_flight(), 3);
    client.disconnect();
    plugin.empties().await;
}

#[tokio::test]
async fn cancelled_stream_is_reset_and_the_connection_goes_on() {
    let plugin = Plugin::open();
    let server = answering(&plugin, || stuck_after("hello")).await;
    let mut client = Http2::connect(&server).await;
    let response = within(client.send.send_request(get(&server)))
        .await
        .unwrap();
    plugin.cut_off();
    let error = within(response.into_body().collect())
        .await
        .expect_err("cut off");
    assert!(!error.is_closed(), "{error}");
    plugin.empties().await;
    let rejection = within(client.send.send_request(get(&server)))
        .await
        .unwrap();
    assert_eq!(rejection.status(), 503);
}
