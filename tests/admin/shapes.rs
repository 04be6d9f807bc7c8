//! The origin's six endpoints, to the letter: clients are written against them.

use std::time::{SystemTime, UNIX_EPOCH};

use http::Method;
use serde_json::{Value, json};

use super::support::{Admin, shape};

fn assert_now(value: &Value) {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let then = value["timestamp"].as_u64().unwrap();
    assert!((now - 60..=now).contains(&then), "{value}");
}

fn health_shape() -> Value {
    json!({
        "status": "string",
        "state": "string",
        "last_check": "number",
        "age_ms": "number",
        "consecutive_failures": "number",
        "checks": {"active_requests": "number"},
    })
}

fn drain_shape() -> Value {
    json!({
        "waited_ms": "number",
        "completed": "number",
        "cancelled": "number",
        "remaining": "number",
        "remaining_by_phase": {"head": "number", "body": "number", "upgraded": "number"},
    })
}

fn changed_shape() -> Value {
    json!({
        "plugin": "string",
        "status": "string",
        "message": "string",
        "timestamp": "number",
        "operation": "string",
        "outcome": "string",
        "state": "string",
        "generation": "number",
        "version": "number",
        "duration_ms": "number",
        "drain": drain_shape(),
    })
}

#[tokio::test]
async fn status_is_as_the_origin_has_it() {
    let admin = Admin::open().await;
    let _inside = admin.plugin.enter().unwrap();
    let reply = admin.get("/plugins/status").send().await;
    reply.assert_headers();
    let mut status = reply.json();
    assert_now(&status);
    assert!(status["uptime"].as_str().unwrap().ends_with('s'));
    let is_whole = !status["uptime"]
        .as_str()
        .unwrap()
        .contains(['.', 'm', 'n', 'µ']);
    assert!(is_whole, "{status}");
    for volatile in ["timestamp", "uptime"] {
        status[volatile] = json!(null);
    }
    assert_eq!(
        status,
        json!({
            "plugin_system": {
                "enabled": true,
                "total_plugins": 1,
                "active_plugins": 1,
                "plugin_dir": null,
                "active_requests": 1,
                "leftovers": 0,
                "plugin_states": {"p": "active"},
            },
            "health_status": {
                "healthy_count": 1,
                "unhealthy_count": 0,
                "total_count": 1,
                "overall_status": "healthy",
            },
            "uptime": null,
            "timestamp": null,
            "draining": {"timeout": "1m0s"},
        })
    );
}

#[tokio::test]
async fn list_is_as_the_origin_has_it() {
    let admin = Admin::open().await;
    let list = admin.get("/plugins/list").ok().await;
    assert_now(&list);
    assert_eq!(
        shape(&list),
        json!({
            "plugins": [{
                "name": "string",
                "status": "string",
                "health": health_shape(),
                "version": "string",
                "description": "string",
                "generation": "number",
                "config_version": "number",
                "operation": "null",
                "operation_id": "null",
                "trial": "null",
                "since": "number",
                "strategy": "string",
                "leftovers": [],
                "retry": "null",
                "store_retry": "null",
                "last_error": "null",
            }],
            "total_count": "number",
            "unloaded": [],
            "timestamp": "number",
        })
    );
    let plugin = &list["plugins"][0];
    assert_eq!(
        (&plugin["name"], &plugin["status"]),
        (&json!("p"), &json!("active"))
    );
    assert_eq!(plugin["health"]["status"], "healthy");
    assert_eq!(plugin["strategy"], "recreate");
    assert_eq!(list["total_count"], 1);
}

#[tokio::test]
async fn health_is_as_the_origin_has_it() {
    let admin = Admin::open().await;
    let health = admin.get("/plugins/health").ok().await;
    assert_now(&health);
    assert_eq!(
        shape(&health),
        json!({"overall_status": "string", "plugins": {"p": health_shape()}, "timestamp": "number"})
    );
    assert_eq!(health["overall_status"], "healthy");
}

#[tokio::test]
async fn reload_is_as_the_origin_has_it() {
    let admin = Admin::open().await;
    let reloaded = admin.post("/plugins/reload?plugin=p").ok().await;
    assert_now(&reloaded);
    assert_eq!(shape(&reloaded), changed_shape());
    assert_eq!(reloaded["plugin"], "p");
    assert_eq!(reloaded["status"], "success");
    assert_eq!(reloaded["outcome"], "applied");
    assert_eq!(reloaded["generation"], 2);
    assert_eq!(admin.script.hooks(), (2, 1));
}

#[tokio::test]
async fn config_is_as_the_origin_has_it() {
    let admin = Admin::open().await;
    let mut config = admin.get("/plugins/config?plugin=p").ok().await;
    assert_now(&config);
    config["timestamp"] = json!(null);
    assert_eq!(
        config,
        json!({
            "plugin": "p",
            "config": {"value": 1, "tokens": "******"},
            "effective": {"value": 1, "tokens": "******"},
            "version": 1,
            "timestamp": null,
        })
    );
}

#[tokio::test]
async fn change_of_config_is_as_the_origin_has_it() {
    let admin = Admin::open().await;
    let changed = admin.put(r#"{"value": 2}"#).ok().await;
    assert_now(&changed);
    assert_eq!(shape(&changed), changed_shape());
    assert_eq!(changed["plugin"], "p");
    assert_eq!(changed["status"], "success");
    assert_eq!(changed["outcome"], "applied");
    assert_eq!(
        (&changed["version"], &changed["generation"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(admin.plugin.enter().unwrap().instance().value, 2);
}

#[tokio::test]
async fn head_is_answered_as_get_without_the_body() {
    let admin = Admin::open().await;
    let query = "/plugins/config?plugin=p";
    for target in [
        "/plugins/status",
        "/plugins/list",
        "/plugins/health",
        query,
        "/livez",
        "/readyz",
    ] {
        let (get, head) = (
            admin.get(target).send().await,
            admin.ask(Method::HEAD, target).send().await,
        );
        assert_eq!((get.status, head.status), (200, 200), "{target}");
        assert_eq!(
            head.header("content-type"),
            get.header("content-type"),
            "{target}"
        );
        assert_eq!(head.header("etag"), get.header("etag"), "{target}");
        let length: usize = head.header("content-length").unwrap().parse().unwrap();
        assert!(length.abs_diff(get.text.len()) < 10, "{target}");
        assert_eq!(head.text, "", "{target}");
    }
    let missing = admin
        .ask(Method::HEAD, "/plugins/config?plugin=none")
        .send()
        .await;
    assert_eq!((missing.status, missing.text.as_str()), (404, ""));
}
