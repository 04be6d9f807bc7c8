//! Versions over HTTP.

use std::fs;

use serde_json::json;
use tower_plugin::PluginManager;
use tower_plugin::admin::AdminServiceBuilder;

use super::support::{Admin, CANARY, shape};
use crate::scenario::store::{During, Flaky, Outage};

#[tokio::test]
async fn history_lists_versions_with_who_and_why_and_no_config() {
    let admin = Admin::open().await;
    let target = "/plugins/config?plugin=p&cause=more+traffic%21";
    let put = admin.ask(http::Method::PUT, target);
    let put = put.header("content-type", "application/json");
    put.body(r#"{"value": 2, "tokens": "******"}"#).ok().await;
    let history = admin.get("/plugins/history?plugin=p").ok().await;
    assert_eq!(
        shape(&history),
        json!({
            "plugin": "string", "total_count": "number", "timestamp": "number",
            "versions": [
                {
                    "version": "number", "time": "number", "actor": "string",
                    "change_cause": "string", "outcome": "string", "current": "bool"
                },
                {
                    "version": "number", "time": "number", "actor": "null",
                    "change_cause": "null", "outcome": "string", "current": "bool"
                },
            ]
        })
    );
    assert_eq!(history["versions"][0]["change_cause"], "more traffic!");
    assert_eq!(history["versions"][0]["outcome"], "applied");
    assert!(!history.to_string().contains(CANARY));
    admin
        .get("/plugins/history")
        .refused(400, "plugin_required")
        .await;
    admin
        .get("/plugins/history?plugin=x")
        .refused(404, "plugin_not_found")
        .await;
}

#[tokio::test]
async fn rollback_answers_as_a_change_of_config_does() {
    let admin = Admin::open().await;
    let first = admin.etag().await;
    let put = admin.put(r#"{"value": 2}"#).send().await;
    let second = put.header("etag").unwrap().to_owned();
    let stale = admin.post("/plugins/rollback?plugin=p&version=1");
    stale
        .header("if-match", &first)
        .refused(412, "version_mismatch")
        .await;

    let reply = admin.post("/plugins/rollback?plugin=p&version=1&cause=worse");
    let reply = reply.header("if-match", &second).send().await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let answer = reply.json();
    assert_eq!(
        (&answer["outcome"], &answer["version"], &answer["operation"]),
        (&json!("applied"), &json!(3), &json!("rollback"))
    );
    assert_eq!(reply.header("etag"), Some(&*admin.etag().await));
    assert_eq!(admin.plugin.enter().unwrap().instance().value, 1);
    let again = admin
        .post("/plugins/rollback?plugin=p&version=1")
        .ok()
        .await;
    assert_eq!(again["outcome"], "unchanged");
}

#[tokio::test]
async fn rollback_to_nowhere_changes_nothing() {
    let admin = Admin::open().await;
    let post = |query: &str| admin.post(&format!("/plugins/rollback?{query}"));
    post("plugin=p&version=7")
        .refused(404, "version_not_found")
        .await;
    post("plugin=x&version=1")
        .refused(404, "plugin_not_found")
        .await;
    post("version=1").refused(400, "plugin_required").await;
    for query in [
        "",
        "&version=",
        "&version=-1",
        "&version=%2B1",
        "&version=1.0",
        "&version=1&version=1",
    ] {
        post(&format!("plugin=p{query}"))
            .refused(400, "invalid_query")
            .await;
    }
    let long = format!("plugin=p&version=1&cause={}", "x".repeat(1025));
    post(&long).refused(400, "invalid_query").await;
    admin
        .get("/plugins/rollback?plugin=p&version=1")
        .refused(405, "method_not_allowed")
        .await;
}

#[tokio::test]
async fn config_of_a_version_has_the_tag_of_that_version() {
    let admin = Admin::open().await;
    let first = admin.etag().await;
    admin.put(r#"{"value": 2}"#).ok().await;
    let reply = admin.get("/plugins/config?plugin=p&version=1").send().await;
    assert_eq!(reply.header("etag"), Some(&*first));
    let answer = reply.json();
    assert_eq!(answer["config"], json!({"value": 1, "tokens": "******"}));
    assert_eq!(answer["version"], 1);
    let known = admin.get("/plugins/config?plugin=p&version=1");
    assert_eq!(
        known.header("if-none-match", &first).send().await.status,
        304
    );
    let gone = admin.get("/plugins/config?plugin=p&version=9");
    gone.refused(404, "version_not_found").await;
}

#[tokio::test]
async fn diff_shows_what_changed_and_no_secret() {
    let admin = Admin::open().await;
    admin.put(r#"{"value": 2, "tokens": ["other"]}"#).ok().await;
    admin.put(r#"{"value": 3, "tokens": ["other"]}"#).ok().await;
    let diff = admin.get("/plugins/diff?plugin=p&from=1&to=2").ok().await;
    assert_eq!(
        diff["changes"],
        json!([
            {"pointer": "/tokens", "kind": "changed", "before": "******", "after": "******"},
            {"pointer": "/value", "kind": "changed", "before": 1, "after": 2},
        ])
    );
    let to_current = admin.get("/plugins/diff?plugin=p&from=2").ok().await;
    assert_eq!(
        (&to_current["from"], &to_current["to"]),
        (&json!(2), &json!(3))
    );
    assert_eq!(to_current["changes"][0]["after"], 3);
    admin
        .get("/plugins/diff?plugin=p")
        .refused(400, "invalid_query")
        .await;
    let gone = admin.get("/plugins/diff?plugin=p&from=1&to=9");
    gone.refused(404, "version_not_found").await;
}

async fn over(manager: PluginManager) -> Admin {
    let build = |builder: AdminServiceBuilder| builder.insecure_loopback().build();
    Admin::over(manager, build, |registration| registration, |server| server).await
}

#[tokio::test]
async fn version_that_is_broken_is_told_as_such_and_spoils_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let manager = PluginManager::builder().plugin_dir(dir.path());
    let admin = over(manager.build().unwrap()).await;
    admin.put(r#"{"value": 2}"#).ok().await;
    let path = dir.path().join(".history/p/1.json");
    for (text, told) in [
        ("{\"version\": 1,}", "line 1 column 15"),
        ("{}", "missing field"),
    ] {
        fs::write(&path, text).unwrap();
        for target in [
            "/plugins/config?plugin=p&version=1",
            "/plugins/diff?plugin=p&from=1&to=2",
            "/plugins/diff?plugin=p&from=2&to=1",
        ] {
            let reply = admin.get(target).refused(500, "history_broken").await;
            let broken = reply.json();
            let message = broken["message"].as_str().unwrap();
            for part in [told, "1.json", "mend that version"] {
                assert!(message.contains(part), "{target}: {message}");
            }
            // Nothing was asked to be changed.
            assert!(!message.contains("changed"), "{message}");
            assert_eq!(
                (&broken["plugin"], broken.get("outcome")),
                (&json!("p"), None)
            );
        }
    }
    admin.get("/plugins/config?plugin=p&version=2").ok().await;
    let history = admin.get("/plugins/history?plugin=p").ok().await;
    assert_eq!(history["total_count"], 1);
    assert_eq!(history["versions"][0]["version"], 2);
    let rollback = admin.post("/plugins/rollback?plugin=p&version=1");
    let refused = rollback.refused(422, "config_broken").await;
    assert_eq!(refused.json()["outcome"], "rejected");
}

#[tokio::test]
async fn history_that_cannot_be_reached_may_be_asked_for_again() {
    let store = Flaky::default();
    let manager = PluginManager::builder().config_store(store.clone());
    let admin = over(manager.build().unwrap()).await;
    store.fail(During::Load, Outage::Fails);
    for target in [
        "/plugins/history?plugin=p",
        "/plugins/config?plugin=p&version=1",
        "/plugins/diff?plugin=p&from=1&to=1",
    ] {
        let reply = admin.get(target).refused(503, "store_unavailable").await;
        let told = reply.json();
        let message = told["message"].as_str().unwrap();
        assert!(message.contains("no space left"), "{message}");
        assert!(
            !message.contains("changed") && !message.contains("mend"),
            "{message}"
        );
        assert_eq!(told.get("outcome"), None);
    }
    store.heal();
    admin.get("/plugins/history?plugin=p").ok().await;
}
