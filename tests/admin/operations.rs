//! Operations while requests are inside.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower_plugin::admin::AdminServiceBuilder;
use tower_plugin::{Backoff, EventKind, PluginState};

use super::support::Admin;
use crate::scenario::Act;

#[tokio::test]
async fn reload_waits_for_who_is_inside_and_reads_are_answered_meanwhile() {
    let admin = Admin::open().await;
    let lease = admin.plugin.enter().unwrap();
    let (draining, reload) = (admin.draining(), admin.post("/plugins/reload?plugin=p"));
    let (reloaded, ()) = tokio::join!(reload.ok(), async {
        draining.await;
        let status = admin.get("/plugins/status").ok().await;
        assert_eq!(status["plugin_system"]["plugin_states"]["p"], "reloading");
        assert_eq!(status["plugin_system"]["active_plugins"], 0);
        assert_eq!(status["plugin_system"]["active_requests"], 1);
        assert_eq!(
            status["health_status"]["healthy_count"], 1,
            "as it was before"
        );
        let health = &admin.get("/plugins/health").ok().await["plugins"]["p"];
        assert_eq!(
            (&health["status"], &health["state"]),
            (&json!("transitioning"), &json!("reloading"))
        );
        assert_eq!(health["checks"]["active_requests"], 1);
        admin.get("/plugins/config?plugin=p").ok().await;
        drop(lease);
    });
    assert_eq!(reloaded["outcome"], "applied");
    let drain = &reloaded["drain"];
    assert_eq!(
        (
            &drain["completed"],
            &drain["cancelled"],
            &drain["remaining"]
        ),
        (&json!(1), &json!(0), &json!(0))
    );
}

#[tokio::test]
async fn client_that_disconnects_in_the_middle_changes_nothing_about_the_reload() {
    let admin = Admin::open().await;
    let lease = admin.plugin.enter().unwrap();
    let (draining, mut events) = (admin.draining(), admin.manager.subscribe());
    let mut stream = admin.connect().await;
    let request = format!(
        "POST /plugins/reload?plugin=p HTTP/1.1\r\nhost: {}\r\n\r\n",
        admin.addr
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    draining.await;
    // Reset, so that the server notices for sure.
    socket_reset(stream);
    admin.get("/plugins/status").ok().await;
    drop(lease);
    while events.recv().await.unwrap().kind != EventKind::ReloadApplied {}
    assert_eq!(
        (admin.plugin.state(), admin.plugin.generation()),
        (PluginState::Active, 2)
    );
    assert_eq!(admin.script.hooks(), (2, 1));
}

fn socket_reset(stream: tokio::net::TcpStream) {
    stream.set_zero_linger().unwrap();
    drop(stream);
}

#[tokio::test]
async fn client_that_disconnects_while_sending_changes_nothing() {
    let admin = Admin::open().await;
    let before = admin.witness();
    let mut stream = admin.connect().await;
    let request = format!(
        "PUT /plugins/config?plugin=p HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
         content-length: 12\r\n\r\n{{\"value\"",
        admin.addr
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    socket_reset(stream);
    admin.get("/plugins/status").ok().await;
    assert_eq!(admin.witness(), before);
}

#[tokio::test]
async fn enabling_and_disabling_twice_is_as_good_as_once() {
    let admin = Admin::open().await;
    let enabled = admin.post("/plugins/enable?plugin=p").ok().await;
    assert_eq!(
        (&enabled["outcome"], &enabled["state"]),
        (&json!("unchanged"), &json!("active"))
    );
    let disabled = admin.post("/plugins/disable?plugin=p").ok().await;
    assert_eq!(
        (&disabled["outcome"], &disabled["state"]),
        (&json!("applied"), &json!("disabled"))
    );
    let again = admin.post("/plugins/disable?plugin=p").ok().await;
    assert_eq!(
        (&again["outcome"], &again["status"]),
        (&json!("unchanged"), &json!("success"))
    );
    let reloaded = admin.post("/plugins/reload?plugin=p").ok().await;
    assert_eq!(
        (&reloaded["outcome"], &reloaded["state"]),
        (&json!("unchanged"), &json!("disabled"))
    );
    assert_eq!(admin.script.hooks(), (1, 1));
    assert!(admin.plugin.enter().is_err());
    let status = admin.get("/plugins/status").ok().await;
    assert_eq!(status["plugin_system"]["active_plugins"], 0);
    assert_eq!(status["health_status"]["overall_status"], "healthy");
    admin.post("/plugins/enable?plugin=p").ok().await;
    assert_eq!(admin.script.hooks(), (2, 1));
}

#[tokio::test]
async fn plugin_that_panics_fails_alone_and_is_told_about() {
    let admin = Admin::open().await;
    admin
        .script
        .next_starts([Act::Panic("no luck"), Act::Panic("none again")]);
    let reply = admin.post("/plugins/reload?plugin=p").send().await;
    reply.assert_error("reload_failed");
    assert!(reply.text.contains("no luck"), "{}", reply.text);
    let health = admin.get("/plugins/health").ok().await;
    assert_eq!(health["overall_status"], "unhealthy");
    assert_eq!(health["plugins"]["p"]["status"], "unhealthy");
    admin.post("/plugins/enable?plugin=p").ok().await;
    assert_eq!(
        admin.get("/plugins/health").ok().await["overall_status"],
        "healthy"
    );
}

#[tokio::test]
async fn several_requests_are_answered_on_one_connection() {
    let admin = Admin::open().await;
    let mut stream = admin.connect().await;
    let host = admin.addr;
    let requests = format!(
        "GET /livez HTTP/1.1\r\nhost: {host}\r\n\r\nPOST /none HTTP/1.1\r\nhost: {host}\r\n\
         content-length: 3\r\n\r\nabcGET /readyz HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(requests.as_bytes()).await.unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    let statuses: Vec<_> = answers
        .match_indices("HTTP/1.1 ")
        .map(|(at, _)| &answers[at + 9..at + 12])
        .collect();
    assert_eq!(statuses, ["200", "404", "200"], "{answers}");
}

#[tokio::test]
async fn plugin_that_failed_is_shown_with_its_next_attempt_and_that_as_an_operation() {
    let retrying = |pause: Duration| async move {
        let build = |builder: AdminServiceBuilder| builder.insecure_loopback().build();
        let backoff = Backoff::new().initial(pause).max(pause);
        let admin = Admin::with_all(build, |plugin| plugin.retry(backoff), |server| server).await;
        admin
            .script
            .next_starts([Act::Fail("one"), Act::Fail("two")]);
        admin
    };
    let admin = retrying(Duration::from_secs(3600)).await;
    let reload = admin.post("/plugins/reload?plugin=p").send().await;
    reload.assert_error("reload_failed");
    let plugin = &admin.get("/plugins/list").ok().await["plugins"][0];
    assert_eq!(plugin["retry"]["attempt"], 1);
    let next_at = plugin["retry"]["next_at"].as_u64().unwrap();
    let since = plugin["since"].as_u64().unwrap();
    assert!((3600..=4321).contains(&(next_at - since)), "{plugin}");
    admin.post("/plugins/enable?plugin=p").ok().await;
    let plugin = &admin.get("/plugins/list").ok().await["plugins"][0];
    assert_eq!(
        (&plugin["retry"], &plugin["status"]),
        (&json!(null), &json!("active"))
    );

    let admin = retrying(Duration::from_millis(1)).await;
    let mut events = admin.manager.subscribe();
    admin.post("/plugins/reload?plugin=p").send().await;
    while events.recv().await.unwrap().kind != EventKind::Ready {}
    let operations = admin.get("/plugins/operations?plugin=p").ok().await;
    let newest = &operations["operations"][0];
    assert_eq!(
        (&newest["operation"], &newest["actor"]),
        (&json!("retry"), &json!("retry"))
    );
}
