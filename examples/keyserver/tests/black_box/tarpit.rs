use std::time::Duration;

use http::StatusCode;
use serde_json::json;
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    task::JoinHandle,
    time::{Instant, timeout},
};

use crate::{
    process::{PATIENCE, Process},
    support::Answer,
    testing,
};

pub(crate) const TARPIT: &str = "ratelimit-tarpit";

/// Longer than any drain timeout here.
pub(crate) const FOR_EVER: u64 = 3_600_000;

/// A request that is in the tarpit when this returns.
pub(crate) async fn caught(server: &Process) -> JoinHandle<Answer> {
    let http = server.http.clone();
    let request = tokio::spawn(async move { http.get("/.env").await });
    server.says("caught in the tarpit", 1).await;
    request
}

/// Waits for what was begun before.
pub(crate) async fn end(request: JoinHandle<Answer>) -> Answer {
    timeout(PATIENCE, request)
        .await
        .expect("an answer")
        .unwrap()
}

/// A reload that waits for requests when this returns.
async fn reloading(server: &Process) -> JoinHandle<Answer> {
    let (admin, path) = (
        server.admin.clone(),
        format!("/plugins/reload?plugin={TARPIT}"),
    );
    let reload = tokio::spawn(async move {
        admin
            .send(http::Method::POST, &path, "", String::new())
            .await
    });
    server.says("waiting for requests to end", 1).await;
    reload
}

#[tokio::test]
async fn honeypots_are_not_found_after_the_delay() {
    let server = Process::start().await;
    server.configure(TARPIT, json!({"delay_ms": 300})).await;
    for path in ["/.env", "/wp-admin", "/.git/config"] {
        let before = Instant::now();
        server
            .http
            .get(path)
            .await
            .assert_refused(StatusCode::NOT_FOUND, "not found");
        assert!(before.elapsed() >= Duration::from_millis(300), "{path}");
    }
}

#[tokio::test]
async fn reload_waits_for_the_request_inside_while_all_else_goes_on() {
    let server = Process::start().await;
    let key = testing::public(1, &["Alice"]);
    server.http.add(&testing::armored(&key)).await.assert_ok();
    server.configure(TARPIT, json!({"delay_ms": 4000})).await;
    let first = caught(&server).await;
    let reload = reloading(&server).await;

    let second = server.http.get("/.env").await;
    assert_eq!(second.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(second.retry_after(), 1);
    assert_eq!(second.json()["plugin"], TARPIT);
    assert_eq!(second.json()["state"], "reloading");

    // The best of some, for it is not the machine that is tried.
    let mut fastest = Duration::MAX;
    for _ in 0..5 {
        let before = Instant::now();
        let status = server.admin.get("/plugins/status").await.assert_ok().json();
        fastest = fastest.min(before.elapsed());
        assert_eq!(
            status["plugin_system"]["plugin_states"][TARPIT],
            "reloading"
        );
        assert_eq!(status["plugin_system"]["active_requests"], 1);
    }
    assert!(fastest < Duration::from_millis(100), "{fastest:?}");
    server.http.lookup("get", "alice").await.assert_ok();

    let another = server.reload(TARPIT).await;
    assert_eq!(another.status, StatusCode::CONFLICT);
    assert_eq!(another.json()["code"], "operation_in_progress");
    assert!(
        !reload.is_finished() && !first.is_finished(),
        "too slow to see it"
    );

    assert_eq!(end(first).await.status, StatusCode::NOT_FOUND);
    let report = end(reload).await.assert_ok().json();
    assert_eq!(report["outcome"], "applied");
    assert_eq!(report["generation"], 3);
    let drain = &report["drain"];
    assert_eq!(
        (&drain["completed"], &drain["cancelled"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(drain["remaining"], 0);
    assert!(drain["waited_ms"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn request_beyond_the_drain_timeout_is_cancelled_and_told_so() {
    let server = Process::with(&["--drain-timeout", "500ms"]).await;
    server
        .configure(TARPIT, json!({"delay_ms": FOR_EVER}))
        .await;
    let request = caught(&server).await;
    let report = server.reload(TARPIT).await.assert_ok().json();
    assert_eq!(report["drain"]["cancelled"], 1);
    assert_eq!(report["drain"]["completed"], 0);
    assert_eq!(report["drain"]["remaining"], 0);
    assert!(report["drain"]["waited_ms"].as_u64().unwrap() >= 500);

    let answer = end(request).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.json()["code"], "request_cancelled");
    answer.retry_after();
}

#[tokio::test]
async fn client_that_disconnects_during_a_reload_changes_nothing_about_it() {
    let server = Process::start().await;
    let request = caught(&server).await;
    let mut client = TcpStream::connect(server.admin_address).await.unwrap();
    let head = format!(
        "POST /plugins/reload?plugin={TARPIT} HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\n\r\n",
        server.admin_address
    );
    client.write_all(head.as_bytes()).await.unwrap();
    server.says("waiting for requests to end", 1).await;
    drop(client);

    assert_eq!(end(request).await.status, StatusCode::NOT_FOUND);
    server.says("completed=1 cancelled=0 remaining=0", 1).await;
    // Once for each plugin's first generation, and once for the new one.
    server.says("a generation serves", 4).await;
    let tarpit = server.plugin(TARPIT).await;
    assert_eq!(
        (&tarpit["status"], &tarpit["generation"]),
        (&json!("active"), &json!(2))
    );
    assert_eq!(tarpit["last_error"], json!(null));
    assert_eq!(server.http.get("/.env").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn requests_in_the_tarpit_are_no_burden_to_other_plugins() {
    let server = Process::start().await;
    server
        .configure(TARPIT, json!({"delay_ms": FOR_EVER}))
        .await;
    let request = caught(&server).await;
    for plugin in ["ratelimit-geo", "zerotrust"] {
        let report = server.reload(plugin).await.assert_ok().json();
        assert_eq!(report["drain"]["completed"], 0, "{plugin}");
    }
    assert!(!request.is_finished());
}
