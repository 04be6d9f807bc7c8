//! Who is inside a plugin.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::sleep;
use tower::{Layer, ServiceExt, service_fn};
use tower_plugin::{BoxError, PluginLayer, PluginManager, Registration};

use super::support::{Admin, shape};
use crate::scenario::Scripted;

async fn tracking() -> Admin {
    let build =
        |builder: tower_plugin::admin::AdminServiceBuilder| builder.insecure_loopback().build();
    Admin::over(
        PluginManager::new(),
        build,
        |registration: Registration<Scripted>| {
            registration
                .track_requests()
                .drain_timeout(Duration::from_millis(50))
        },
        |server| server,
    )
    .await
}

fn get(target: &str) -> Request<()> {
    Request::get(target).body(()).unwrap()
}

#[tokio::test]
async fn requests_inside_are_told_oldest_first_by_method_path_age_and_phase() {
    let admin = tracking().await;
    let called = Arc::new(Notify::new());
    let is_called = called.clone();
    let stuck = service_fn(move |_: Request<()>| {
        is_called.notify_one();
        std::future::pending::<Result<Response<Full<&[u8]>>, BoxError>>()
    });
    let stuck = PluginLayer::new(&admin.plugin).layer(stuck);
    let _head = tokio::spawn(stuck.oneshot(get("/pks/lookup?op=get&search=secret")));
    called.notified().await;
    let streaming = service_fn(|_: Request<()>| async {
        Ok::<_, BoxError>(Response::new(Full::new(&b"added"[..])))
    });
    let streaming = PluginLayer::new(&admin.plugin).layer(streaming);
    let post = Request::post("/pks/add").body(()).unwrap();
    let body = streaming.oneshot(post).await.unwrap();
    sleep(Duration::from_millis(5)).await;
    let lease = admin.plugin.enter().unwrap();

    let seen = admin.get("/plugins/requests?plugin=p").ok().await;
    let entry = |method: &str, path: &str| {
        json!({
            "id": "number", "method": method, "path": path, "age_ms": "number",
            "phase": "string", "generation": "number", "cancelled": "bool",
        })
    };
    assert_eq!(
        shape(&seen),
        json!({
            "plugin": "string", "tracking": "bool", "total": "number",
            "phases": {"head": "number", "body": "number", "upgraded": "number"},
            "requests": [
                entry("string", "string"), entry("string", "string"), entry("null", "null"),
            ],
            "timestamp": "number",
        })
    );
    assert_eq!(
        (&seen["plugin"], &seen["tracking"]),
        (&json!("p"), &json!(true))
    );
    assert_eq!(seen["total"], 3);
    assert_eq!(seen["phases"], json!({"head": 1, "body": 1, "upgraded": 1}));
    let told: Vec<_> = requests(&seen)
        .map(|seen| (&seen["method"], &seen["path"], &seen["phase"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!("GET"), &json!("/pks/lookup"), &json!("head")),
            (&json!("POST"), &json!("/pks/add"), &json!("body")),
            (&json!(null), &json!(null), &json!("upgraded")),
        ]
    );
    let ages: Vec<_> = requests(&seen)
        .map(|seen| seen["age_ms"].as_u64().unwrap())
        .collect();
    assert!(
        ages[0] >= 5 && ages.is_sorted_by(|older, newer| older >= newer),
        "{ages:?}"
    );

    let oldest = admin.get("/plugins/requests?plugin=p&limit=1").ok().await;
    assert_eq!(
        (&oldest["total"], requests(&oldest).count()),
        (&json!(3), 1)
    );
    assert_eq!(oldest["requests"][0]["path"], "/pks/lookup");

    drop((body, lease));
    let seen = admin.get("/plugins/requests?plugin=p").ok().await;
    assert_eq!((&seen["total"], requests(&seen).count()), (&json!(1), 1));
}

fn requests(seen: &Value) -> impl Iterator<Item = &Value> {
    seen["requests"].as_array().unwrap().iter()
}

#[tokio::test]
async fn who_is_left_after_a_drain_is_told_in_the_report_and_among_those_inside() {
    let admin = tracking().await;
    let handler = service_fn(|_: Request<()>| async {
        // Nobody asks for it, so it cannot be cut off.
        Ok::<_, BoxError>(Response::new(Full::new(&b"body"[..])))
    });
    let service = PluginLayer::new(&admin.plugin).layer(handler);
    let unread = service.oneshot(get("/slow?key=secret")).await.unwrap();
    let report = admin.post("/plugins/reload?plugin=p").ok().await;
    let drain = &report["drain"];
    assert_eq!(drain["remaining"], 1);
    assert_eq!(
        drain["remaining_by_phase"],
        json!({"head": 0, "body": 1, "upgraded": 0})
    );
    let left = &drain["remaining_requests"][0];
    assert_eq!(
        (
            &left["method"],
            &left["path"],
            &left["phase"],
            &left["cancelled"]
        ),
        (&json!("GET"), &json!("/slow"), &json!("body"), &json!(true))
    );
    let seen = admin.get("/plugins/requests?plugin=p").ok().await;
    assert_eq!(
        (&seen["requests"][0]["id"], &left["generation"]),
        (&left["id"], &json!(1))
    );
    drop(unread);
    let report = admin.post("/plugins/reload?plugin=p").ok().await;
    assert_eq!(report["drain"]["remaining_requests"], json!([]));
}

#[tokio::test]
async fn plugin_whose_requests_are_not_tracked_says_so_and_how_many_there_are() {
    let admin = Admin::open().await;
    let _lease = admin.plugin.enter().unwrap();
    let mut seen = admin.get("/plugins/requests?plugin=p").ok().await;
    seen["timestamp"] = json!(null);
    assert_eq!(
        seen,
        json!({
            "plugin": "p", "tracking": false, "total": 1,
            "phases": {"head": 0, "body": 0, "upgraded": 1},
            "requests": [], "timestamp": null,
        })
    );
}

#[tokio::test]
async fn limit_is_a_number_within_bounds_said_once() {
    let admin = tracking().await;
    for limit in ["limit=1", "limit=1000"] {
        admin
            .get(&format!("/plugins/requests?plugin=p&{limit}"))
            .ok()
            .await;
    }
    for limit in [
        "limit=0",
        "limit=1001",
        "limit=-1",
        "limit=",
        "limit=x",
        "limit=1.5",
        "limit=99999999999999999999",
        "limit=1&limit=2",
        "offset=1",
    ] {
        let ask = admin.get(&format!("/plugins/requests?plugin=p&{limit}"));
        ask.refused(400, "invalid_query").await;
    }
    admin
        .get("/plugins/requests?plugin=q")
        .refused(404, "plugin_not_found")
        .await;
}
