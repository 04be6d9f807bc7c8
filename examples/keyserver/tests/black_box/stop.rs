use std::time::Duration;

use http::StatusCode;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};

use crate::{
    process::{PATIENCE, Process},
    tarpit::{caught, end},
};

const TARPIT: &str = "ratelimit-tarpit";

#[tokio::test]
async fn each_signal_ends_an_idle_server_in_order() {
    for signal in ["TERM", "INT"] {
        let mut server = Process::start().await;
        server.signal(signal).await;
        let status = server.ended().await;
        assert_eq!(status.code(), Some(0), "{signal}: {status}");
    }
}

#[tokio::test]
async fn request_in_the_tarpit_is_answered_before_the_end() {
    let mut server = Process::start().await;
    server.configure(TARPIT, json!({"delay_ms": 4000})).await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    idle.read_exact(&mut [0; 12]).await.unwrap();
    let request = caught(&server).await;
    server.signal("TERM").await;

    let closed = timeout(PATIENCE, idle.read_to_end(&mut Vec::new())).await;
    closed.expect("an idle connection is closed").unwrap();
    server.says("no more connections are accepted", 1).await;
    server.says("waiting for requests to end", 1).await;
    TcpStream::connect(server.address)
        .await
        .expect_err("nobody listens");
    let status = server.admin.get("/plugins/status").await.assert_ok().json();
    assert_eq!(
        status["plugin_system"]["plugin_states"][TARPIT],
        "unloading"
    );
    assert!(!request.is_finished(), "too slow to see it");

    assert_eq!(end(request).await.status, StatusCode::NOT_FOUND);
    assert_eq!(server.ended().await.code(), Some(0));
}

#[tokio::test]
async fn request_that_would_take_too_long_is_cancelled_in_time() {
    let limit = Duration::from_secs(2);
    let mut server = Process::with(&["--drain-timeout", "2s"]).await;
    server
        .configure(TARPIT, json!({"delay_ms": 3_600_000}))
        .await;
    let request = caught(&server).await;
    let before = Instant::now();
    server.signal("TERM").await;
    let answer = end(request).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.json()["code"], "request_cancelled");
    assert_eq!(server.ended().await.code(), Some(0));
    let took = before.elapsed();
    assert!(took > limit / 2 && took < limit + limit / 4, "{took:?}");
}

#[tokio::test]
async fn client_that_says_nothing_does_not_hold_up_the_end() {
    let mut server = Process::with(&["--drain-timeout", "1s"]).await;
    let _silent = TcpStream::connect(server.address).await.unwrap();
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    let head = "POST /pks/add HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nkey";
    slow.write_all(head.as_bytes()).await.unwrap();
    server.http.get("/").await.assert_ok();
    server.signal("TERM").await;
    let before = Instant::now();
    assert_eq!(server.ended().await.code(), Some(0));
    assert!(before.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn second_signal_ends_the_server_at_once() {
    let mut server = Process::start().await;
    server
        .configure(TARPIT, json!({"delay_ms": 3_600_000}))
        .await;
    let _request = caught(&server).await;
    server.signal("TERM").await;
    server.says("shutting down", 1).await;
    let before = Instant::now();
    server.signal("TERM").await;
    assert_eq!(server.ended().await.code(), Some(1));
    assert!(before.elapsed() < Duration::from_secs(5));
}
