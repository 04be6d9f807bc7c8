//! The application as its clients and its operators see it.

#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

mod process;
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::Method;
use serde_json::json;
use tokio::task::JoinSet;

use support::Server;

#[tokio::test]
async fn handler_uses_the_instance_of_its_plugin() {
    let server = Server::start().await;
    assert_eq!(server.get("/quote").await.body, "Make it work.");
    assert_eq!(server.get("/quote").await.body, "Keep it working.");
    let config = r#"{"lines": ["Now something else."]}"#;
    let target = "/admin/plugins/config?plugin=quotes";
    let changed = server.ask(Method::PUT, target, config).await;
    assert_eq!(changed.json()["outcome"], "applied");
    assert_eq!(server.get("/quote").await.body, "Now something else.");
}

#[tokio::test]
async fn one_disabled_plugin_is_unavailable_and_the_others_serve() {
    let server = Server::start().await;
    for (plugin, method, target) in [
        ("quotes", Method::GET, "/quote"),
        ("reports", Method::POST, "/reports"),
    ] {
        server.operate("disable", plugin).await;
        let reply = server.ask(method.clone(), target, "").await;
        assert_eq!(reply.status, 503);
        assert_eq!(reply.headers["retry-after"], "1");
        assert_eq!(reply.json()["plugin"], plugin);
        assert_eq!(server.get("/reports").await.status, 200);
        server.operate("enable", plugin).await;
        assert!(server.ask(method, target, "").await.status.is_success());
    }
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
                let reply = server.get("/quote").await;
                assert_eq!(reply.status, 200, "{reply:?}");
                assert_eq!(reply.headers["x-served-by"], "one");
                answered += 1;
            }
            answered
        });
    }
    for _ in 0..50 {
        for plugin in ["quotes", "branding"] {
            let report = server.operate("reload", plugin).await;
            assert_eq!(report["outcome"], "applied");
        }
    }
    stop.store(true, Ordering::Relaxed);
    let answered = clients.join_all().await;
    assert!(
        answered.iter().all(|answered| *answered > 0),
        "{answered:?}"
    );
}

#[tokio::test]
async fn layer_that_is_a_plugin_changes_with_its_config() {
    let server = Server::start().await;
    assert_eq!(server.get("/quote").await.headers["x-served-by"], "one");
    let target = "/admin/plugins/config?plugin=branding";
    let patched = server
        .ask(Method::PATCH, target, r#"{"value": "two"}"#)
        .await;
    assert_eq!(patched.json()["outcome"], "applied");
    assert_eq!(server.get("/quote").await.headers["x-served-by"], "two");
    assert_eq!(server.get("/reports").await.headers["x-served-by"], "two");

    let broken = server
        .ask(Method::PATCH, target, r#"{"value": "\n"}"#)
        .await;
    assert_eq!(broken.json()["outcome"], "rolled_back");
    assert_eq!(server.get("/quote").await.headers["x-served-by"], "two");
}

#[tokio::test]
async fn administration_is_reachable_whatever_is_disabled() {
    let server = Server::start().await;
    server.operate("disable", "branding").await;
    assert_eq!(server.get("/quote").await.status, 503);
    let status = server.get("/admin/plugins/status").await;
    assert_eq!(status.json()["plugin_system"]["active_plugins"], 2);
    assert!(!status.headers.contains_key("x-served-by"));
    server.operate("enable", "branding").await;
    assert_eq!(server.get("/quote").await.status, 200);
    assert_eq!(server.get("/plugins/status").await.status, 404);
}

#[tokio::test]
async fn reload_waits_for_work_in_the_background() {
    let server = Server::start().await;
    assert_eq!(server.ask(Method::POST, "/reports", "").await.status, 202);
    let report = server.operate("reload", "reports").await;
    assert_eq!(report["drain"]["completed"], 1, "{report}");
    let tally = server.get("/reports").await.json();
    assert_eq!(tally, json!({"finished": 1, "given_up": 0}));
}

#[tokio::test]
async fn work_that_takes_too_long_is_told_to_stop() {
    let server = Server::draining_for(Duration::from_millis(100)).await;
    let target = "/admin/plugins/config?plugin=reports";
    server
        .ask(Method::PUT, target, r#"{"work_ms": 60000}"#)
        .await;
    assert_eq!(server.ask(Method::POST, "/reports", "").await.status, 202);
    let report = server.operate("reload", "reports").await;
    assert_eq!(report["drain"]["cancelled"], 1, "{report}");
    let tally = server.get("/reports").await.json();
    assert_eq!(tally, json!({"finished": 0, "given_up": 1}));
}

#[tokio::test]
async fn shutdown_waits_for_work_in_the_background() {
    let server = Server::start().await;
    assert_eq!(server.ask(Method::POST, "/reports", "").await.status, 202);
    let began = std::time::Instant::now();
    server.stop().await;
    // Nearly all of the half second that it takes.
    assert!(began.elapsed() > Duration::from_millis(250));
}
