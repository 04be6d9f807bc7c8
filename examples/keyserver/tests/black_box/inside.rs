//! Who is inside a plugin, as an operator sees it.

use http::Method;
use serde_json::{Value, json};

use crate::{
    process::Process,
    tarpit::{FOR_EVER, TARPIT, caught, end},
};

async fn inside(server: &Process, plugin: &str) -> Value {
    let path = format!("/plugins/requests?plugin={plugin}");
    server.admin.get(&path).await.assert_ok().json()
}

#[tokio::test]
async fn request_in_the_tarpit_is_shown_by_its_path_and_age_until_it_has_left() {
    let server = Process::with(&["--drain-timeout", "3s"]).await;
    let delay = json!({"delay_ms": FOR_EVER});
    server.configure(TARPIT, delay).await;
    let client = server.http.clone();
    let request = tokio::spawn(async move { client.get("/.env?token=secret").await });
    server.says("caught in the tarpit", 1).await;

    let seen = inside(&server, TARPIT).await;
    assert_eq!(
        (&seen["tracking"], &seen["total"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(seen["phases"], json!({"head": 1, "body": 0, "upgraded": 0}));
    let mut only = seen["requests"][0].clone();
    assert!(only["age_ms"].is_u64() && only["id"].is_u64(), "{only}");
    (only["age_ms"], only["id"]) = (json!(null), json!(null));
    assert_eq!(
        only,
        json!({
            "id": null, "method": "GET", "path": "/.env", "age_ms": null, "phase": "head",
            "generation": 2, "cancelled": false,
        })
    );

    // It stays in the list while the plugin is drained, and no longer.
    let (admin, path) = (
        server.admin.clone(),
        format!("/plugins/reload?plugin={TARPIT}"),
    );
    let reload =
        tokio::spawn(async move { admin.send(Method::POST, &path, "", String::new()).await });
    server.says("waiting for requests to end", 1).await;
    let during = inside(&server, TARPIT).await;
    let report = end(reload).await.assert_ok().json();
    assert_eq!(during["requests"][0]["id"], seen["requests"][0]["id"]);
    let drain = &report["drain"];
    assert_eq!(
        (&drain["cancelled"], &drain["remaining"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(
        drain["remaining_by_phase"],
        json!({"head": 0, "body": 0, "upgraded": 0})
    );
    assert_eq!(drain["remaining_requests"], json!([]));
    end(request).await;
    let after = inside(&server, TARPIT).await;
    assert_eq!(
        (&after["total"], &after["requests"]),
        (&json!(0), &json!([]))
    );
}

#[tokio::test]
async fn plugin_whose_requests_are_only_counted_says_so() {
    let server = Process::start().await;
    let _caught = caught(&server).await;
    let seen = inside(&server, "zerotrust").await;
    assert_eq!(
        (&seen["tracking"], &seen["requests"]),
        (&json!(false), &json!([]))
    );
    assert!(seen["phases"]["head"].is_u64(), "{seen}");
}
