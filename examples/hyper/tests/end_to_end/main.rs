//! The server as its clients and its operators see it.

#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

mod process;
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::Method;
use tokio::task::JoinSet;

use support::Server;

#[tokio::test]
async fn config_takes_effect_with_the_next_request() {
    let server = Server::start().await;
    assert_eq!(server.greet().await.body, "hello");

    let changed = server.configure(r#"{"text": "good day"}"#).await;
    assert_eq!(changed.json()["outcome"], "applied");
    assert_eq!(server.greet().await.body, "good day");
}

#[tokio::test]
async fn config_that_is_refused_or_does_not_start_changes_nothing() {
    let server = Server::start().await;
    let refused = server.configure(r#"{"txt": "good day"}"#).await;
    assert_eq!(refused.status, 422);
    let failed = server.configure(r#"{"text": ""}"#).await;
    assert_eq!(failed.status, 500);
    assert_eq!(failed.json()["outcome"], "rolled_back");
    assert_eq!(server.greet().await.body, "hello");
    assert_eq!(server.listed().await["generation"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reloads_under_load_fail_no_request() {
    let server = Arc::new(Server::start().await);
    let stop = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for _ in 0..8 {
        let (server, stop) = (Arc::clone(&server), Arc::clone(&stop));
        clients.spawn(async move {
            let mut answered = 0;
            while !stop.load(Ordering::Relaxed) {
                let reply = server.greet().await;
                assert_eq!((reply.status.as_u16(), &*reply.body), (200, &b"hello"[..]));
                answered += 1;
            }
            answered
        });
    }
    for _ in 0..100 {
        assert_eq!(server.operate("reload").await["outcome"], "applied");
    }
    stop.store(true, Ordering::Relaxed);
    let answered = clients.join_all().await;
    assert!(
        answered.iter().all(|answered| *answered > 0),
        "{answered:?}"
    );
    assert_eq!(server.listed().await["generation"], 101);
}

#[tokio::test]
async fn reload_waits_for_the_request_that_is_inside() {
    let server = Server::start().await;
    server
        .configure(r#"{"text": "slow", "delay_ms": 300}"#)
        .await;
    let slow = tokio::spawn(server.greet());
    server.until_inside(1).await;

    let report = server.operate("reload").await;
    assert_eq!(report["drain"]["completed"], 1, "{report}");
    assert_eq!(slow.await.unwrap().body, "slow");
}

#[tokio::test]
async fn disabled_plugin_is_unavailable_until_it_is_enabled() {
    let server = Server::start().await;
    server.operate("disable").await;
    let reply = server.greet().await;
    assert_eq!(reply.status, 503);
    assert_eq!(reply.headers["retry-after"], "1");
    assert_eq!(reply.json()["plugin"], "greeting");
    assert_eq!(reply.json()["state"], "disabled");

    server.operate("enable").await;
    assert_eq!(server.greet().await.status, 200);
}

#[tokio::test]
async fn admin_service_is_on_its_own_listener_only() {
    let server = Server::start().await;
    let status = server
        .ask(Method::GET, server.admin, "/plugins/status", "")
        .await;
    assert_eq!(
        status.json()["plugin_system"]["plugin_states"]["greeting"],
        "active"
    );
    let elsewhere = server
        .ask(Method::GET, server.public, "/plugins/status", "")
        .await;
    assert_eq!(elsewhere.body, "hello");
}

#[tokio::test]
async fn shutdown_answers_who_is_inside_and_takes_nobody_else() {
    let mut server = Server::start().await;
    server
        .configure(r#"{"text": "slow", "delay_ms": 300}"#)
        .await;
    let slow = tokio::spawn(server.greet());
    server.until_inside(1).await;
    let public = server.public;

    server.tell_to_stop();
    server.stopped().await;
    assert_eq!(slow.await.unwrap().body, "slow");
    let refused = tokio::net::TcpStream::connect(public).await;
    assert!(refused.is_err(), "nobody listens any more");
}
