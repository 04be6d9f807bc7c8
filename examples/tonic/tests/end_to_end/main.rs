//! The server as a tonic client and its operators see it.

#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

mod process;
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tonic::Code;
use tonic_health::pb::health_check_response::ServingStatus;

use support::{Server, about, within};

/// Much longer than anything here takes.
const LONG: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(100);

#[tokio::test]
async fn calls_pass_while_the_plugin_serves() {
    let server = Server::draining_for(SHORT).await;
    let mut client = server.client().await;
    let answer = within(client.check(about(""))).await.unwrap();
    assert_eq!(answer.into_inner().status(), ServingStatus::Serving);
    let watch = within(client.watch(about(""))).await.unwrap();
    let first = within(watch.into_inner().message()).await.unwrap();
    assert_eq!(first.unwrap().status(), ServingStatus::Serving);
    let unknown = within(client.check(about("billing"))).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}

#[tokio::test]
async fn config_decides_what_is_answered() {
    let server = Server::draining_for(SHORT).await;
    let config = r#"{"services": {"billing": false}}"#;
    let target = "/plugins/config?plugin=statuses";
    let (status, changed) = server.ask("PUT", target, config).await;
    assert_eq!(status, 200, "{changed}");
    let mut client = server.client().await;
    let answer = within(client.check(about("billing"))).await.unwrap();
    assert_eq!(answer.into_inner().status(), ServingStatus::NotServing);
    let gone = within(client.check(about(""))).await.unwrap_err();
    assert_eq!(gone.code(), Code::NotFound, "the old instance took it back");
}

#[tokio::test]
async fn disabled_plugin_is_unavailable_to_unary_and_streaming_calls() {
    let server = Server::draining_for(SHORT).await;
    let mut client = server.client().await;
    server.operate("disable").await;
    let unary = within(client.check(about(""))).await.unwrap_err();
    let streaming = within(client.watch(about(""))).await.unwrap_err();
    for status in [unary, streaming] {
        assert_eq!(status.code(), Code::Unavailable);
        assert!(
            status.message().contains("`statuses` is disabled"),
            "{status}"
        );
    }
    server.operate("enable").await;
    within(client.check(about(""))).await.unwrap();
}

#[tokio::test]
async fn stream_that_outlasts_the_drain_ends_as_unavailable() {
    let server = Server::draining_for(SHORT).await;
    let mut client = server.client().await;
    let watch = within(client.watch(about(""))).await.unwrap();
    let mut watch = watch.into_inner();
    within(watch.message()).await.unwrap().unwrap();

    let report = server.operate("disable").await;
    assert_eq!(report["drain"]["cancelled"], 1, "{report}");
    let status = within(watch.message()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("drain deadline"), "{status}");
}

#[tokio::test]
async fn stream_that_its_client_leaves_in_time_is_waited_for() {
    let server = Server::draining_for(LONG).await;
    let mut client = server.client().await;
    let watch = within(client.watch(about(""))).await.unwrap();
    let mut watch = watch.into_inner();
    within(watch.message()).await.unwrap().unwrap();

    let disabling = tokio::spawn(server.operate("disable"));
    // Rejected from the moment on in which the gate is closed, while the stream goes on.
    while within(client.check(about(""))).await.is_ok() {}
    assert!(!disabling.is_finished());
    drop(watch);
    let report = disabling.await.unwrap();
    assert_eq!(report["drain"]["completed"], 1, "{report}");
    assert_eq!(report["drain"]["cancelled"], 0, "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reloads_under_load_fail_no_call() {
    let server = Server::draining_for(LONG).await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for _ in 0..4 {
        let (mut client, stop) = (server.client().await, Arc::clone(&stop));
        clients.spawn(async move {
            let mut answered = 0;
            while !stop.load(Ordering::Relaxed) {
                within(client.check(about(""))).await.unwrap();
                answered += 1;
            }
            answered
        });
    }
    for _ in 0..50 {
        let report = server.operate("reload").await;
        assert_eq!(report["outcome"], "applied");
        assert_eq!(report["drain"]["cancelled"], 0, "{report}");
    }
    stop.store(true, Ordering::Relaxed);
    let answered = clients.join_all().await;
    assert!(
        answered.iter().all(|answered| *answered > 0),
        "{answered:?}"
    );
}

#[tokio::test]
async fn administration_is_on_its_own_listener() {
    let server = Server::draining_for(SHORT).await;
    let (status, list) = server.ask("GET", "/plugins/list", "").await;
    assert_eq!(status, 200);
    assert_eq!(list["plugins"][0]["name"], "statuses");
    assert_eq!(list["plugins"][0]["status"], "active");
}

#[tokio::test]
async fn shutdown_does_not_wait_for_ever_for_a_stream() {
    let server = Server::draining_for(SHORT).await;
    let mut client = server.client().await;
    let watch = within(client.watch(about(""))).await.unwrap();
    let mut watch = watch.into_inner();
    within(watch.message()).await.unwrap().unwrap();
    server.stop().await;
    let status = within(watch.message()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
}
