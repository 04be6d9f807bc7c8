//! Entity tags and what is conditional on them.

use std::sync::Arc;

use http::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tower_plugin::PluginManager;
use tower_plugin::admin::AdminServiceBuilder;

use super::support::Admin;

#[tokio::test]
async fn tag_is_strong_quoted_and_new_for_every_config() {
    let admin = Admin::open().await;
    let first = admin.etag().await;
    assert!(
        first.starts_with('"') && first.ends_with('"') && first.len() > 4,
        "{first}"
    );
    assert_eq!(admin.etag().await, first);
    let changed = admin.put(r#"{"value": 2}"#).send().await;
    let second = changed.header("etag").unwrap();
    assert_ne!(second, first);
    assert_eq!(admin.etag().await, second);

    // A reload changes no config, and neither does the same config.
    admin.post("/plugins/reload?plugin=p").ok().await;
    assert_eq!(admin.etag().await, second);
    let same = admin.put(r#"{"value": 2}"#).send().await;
    assert_eq!(
        (same.header("etag"), &same.json()["outcome"]),
        (Some(second), &json!("unchanged"))
    );
}

#[tokio::test]
async fn config_that_is_known_is_not_sent_again() {
    let admin = Admin::open().await;
    let etag = admin.etag().await;
    let get = |tags: &str| {
        admin
            .get("/plugins/config?plugin=p")
            .header("if-none-match", tags)
    };
    for tags in [
        etag.clone(),
        format!("W/{etag}"),
        format!("\"x\", {etag}"),
        "*".to_owned(),
    ] {
        let reply = get(&tags).send().await;
        assert_eq!((reply.status, reply.text.as_str()), (304, ""), "{tags}");
        assert_eq!(reply.header("etag"), Some(&*etag));
    }
    get("\"x\"").ok().await;
    get("garbage").ok().await;
    admin.put(r#"{"value": 2}"#).ok().await;
    get(&etag).ok().await;
}

#[tokio::test]
async fn change_is_made_only_to_the_version_it_is_for() {
    let admin = Admin::open().await;
    let etag = admin.etag().await;
    for tags in [
        "\"old\"",
        "",
        "garbage",
        &format!("W/{etag}"),
        &etag.replace('"', ""),
    ] {
        let put = admin.put(r#"{"value": 2}"#).header("if-match", tags);
        let told = put.refused(412, "version_mismatch").await;
        let told = told.text;
        assert!(
            told.contains("quotes included"),
            "it was not changed: {told}"
        );
        let patch = admin.patch(r#"{"value": 2}"#).header("if-match", tags);
        patch.refused(412, "version_mismatch").await;
    }
    admin
        .put(r#"{"value": 2}"#)
        .header("if-match", &etag)
        .ok()
        .await;
    admin
        .put(r#"{"value": 3}"#)
        .header("if-match", &etag)
        .refused(412, "version_mismatch")
        .await;
    let current = format!("\"x\", {}", admin.etag().await);
    admin
        .patch(r#"{"value": 3}"#)
        .header("if-match", &current)
        .ok()
        .await;
    admin
        .put(r#"{"value": 4}"#)
        .header("if-match", "*")
        .ok()
        .await;
    assert_eq!(admin.plugin.enter().unwrap().instance().value, 4);
}

#[tokio::test]
async fn change_is_not_made_to_a_version_it_is_not_for() {
    let admin = Admin::open().await;
    let etag = admin.etag().await;
    let put = |tags: &str| admin.put(r#"{"value": 2}"#).header("if-none-match", tags);
    put("*").refused(412, "version_mismatch").await;
    put(&etag).refused(412, "version_mismatch").await;
    put("\"x\"").ok().await;
}

#[tokio::test]
async fn condition_is_required_where_that_was_asked_for() {
    let build =
        |builder: AdminServiceBuilder| builder.require_if_match().insecure_loopback().build();
    let admin = Admin::with(build).await;
    admin
        .put(r#"{"value": 2}"#)
        .refused(428, "precondition_required")
        .await;
    admin
        .patch(r#"{"value": 2}"#)
        .refused(428, "precondition_required")
        .await;
    let etag = admin.etag().await;
    admin
        .put(r#"{"value": 2}"#)
        .header("if-match", &etag)
        .ok()
        .await;
    // It is for configs only.
    admin.post("/plugins/reload?plugin=p").ok().await;
    admin
        .ask(Method::POST, "/plugins/disable?plugin=p")
        .ok()
        .await;
}

#[tokio::test]
async fn change_is_not_made_when_another_was_made_while_it_was_being_sent() {
    let admin = Admin::open().await;
    for (method, named) in [
        ("PUT", "application/json"),
        ("PATCH", "application/merge-patch+json"),
    ] {
        let (host, etag) = (admin.addr, admin.etag().await);
        let head = format!(
            "{method} /plugins/config?plugin=p HTTP/1.1\r\nhost: {host}\r\nif-match: {etag}\r\n\
             content-type: {named}\r\ncontent-length: 12\r\nexpect: 100-continue\r\n\
             connection: close\r\n\r\n"
        );
        let mut stream = admin.connect().await;
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut told = [0; 25];
        stream.read_exact(&mut told).await.unwrap();
        assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");

        let value = admin.plugin.enter().unwrap().instance().value + 1;
        admin.put(json!({"value": value}).to_string()).ok().await;
        stream.write_all(br#"{"value": 9}"#).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 412 "), "{method}: {answer}");
        assert_eq!(admin.plugin.enter().unwrap().instance().value, value);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_hundred_writers_with_one_tag_exactly_one_succeeds() {
    let admin = Arc::new(Admin::open().await);
    let etag = admin.etag().await;
    let mut writers = JoinSet::new();
    for writer in 0..100 {
        let (admin, etag) = (Arc::clone(&admin), etag.clone());
        writers.spawn(async move {
            // Each waits for its turn; half of them change only a part.
            let (method, named) = match writer % 2 {
                0 => (Method::PUT, "application/json"),
                _ => (Method::PATCH, "application/merge-patch+json"),
            };
            let change = admin.ask(method, "/plugins/config?plugin=p&wait=20s");
            let change = change
                .header("content-type", named)
                .header("if-match", &etag);
            let config = json!({"value": 100 + writer, "tokens": "******"});
            change.body(config.to_string()).send().await.status
        });
    }
    let mut statuses = writers.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200);
    assert_eq!(statuses[1..], [412; 99]);
    assert_eq!(admin.plugin.generation(), 2);
    let history = admin.get("/plugins/history?plugin=p").ok().await;
    assert_eq!(history["total_count"], 2);
}

#[tokio::test]
async fn tag_outlives_the_process_where_configs_are_stored() {
    let dir = tempfile::tempdir().unwrap();
    let open = async || {
        let manager = PluginManager::builder()
            .plugin_dir(dir.path())
            .build()
            .unwrap();
        let build = |builder: AdminServiceBuilder| builder.insecure_loopback().build();
        Admin::over(manager, build, |registration| registration, |server| server).await
    };
    let first = open().await;
    let default = first.etag().await;
    drop(first);
    let second = open().await;
    assert_eq!(second.etag().await, default);
    let changed = second.put(r#"{"value": 2}"#).header("if-match", &default);
    let changed = changed.send().await.header("etag").unwrap().to_owned();
    drop(second);

    let third = open().await;
    assert_eq!(third.etag().await, changed);
    let stale = third.put(r#"{"value": 3}"#).header("if-match", &default);
    stale.refused(412, "version_mismatch").await;
    third
        .patch(r#"{"value": 3}"#)
        .header("if-match", &changed)
        .ok()
        .await;
    let known = third.put(r#"{"value": 4}"#).header("if-none-match", "*");
    known.refused(412, "version_mismatch").await;
}
