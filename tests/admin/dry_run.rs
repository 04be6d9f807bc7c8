//! `?dry_run=true`: the same checks and the same answers, and nothing is changed.

use std::time::Duration;

use http::Method;
use serde_json::json;
use tower_plugin::ReloadStrategy;
use tower_plugin::admin::AdminServiceBuilder;

use super::support::Admin;

const CONFIG: &str = "/plugins/config?plugin=p&dry_run=true";

#[tokio::test]
async fn dry_run_of_a_change_answers_the_difference_and_changes_nothing() {
    let admin = Admin::open().await;
    let _inside = admin.plugin.enter().unwrap();
    let etag = admin.etag().await;
    let before = admin.witness();
    let put = |body: &str| {
        admin
            .ask(Method::PUT, CONFIG)
            .header("content-type", "application/json")
            .body(body.to_owned())
    };
    let reply = put(r#"{"value": 7, "tokens": "******"}"#);
    let reply = reply.header("if-match", &etag).send().await;
    assert_eq!((reply.status, reply.header("etag")), (200, Some(&*etag)));
    let told = reply.json();
    assert_eq!(
        (&told["outcome"], &told["version"]),
        (&json!("unchanged"), &json!(1))
    );
    assert_eq!(
        told["dry_run"],
        json!({
            "would": "exchange", "strategy": "recreate", "trial": false, "in_flight": 1,
            "changes": [{"pointer": "/value", "kind": "changed", "before": 1, "after": 7}]
        })
    );
    let patch = admin.ask(Method::PATCH, CONFIG).body(r#"{"value": 1}"#);
    let patch = patch.header("content-type", "application/merge-patch+json");
    assert_eq!(patch.ok().await["dry_run"]["would"], "nothing");
    let reload = admin.post("/plugins/reload?plugin=p&dry_run=true").ok();
    assert_eq!(reload.await["dry_run"]["would"], "exchange");
    let disable = admin.post("/plugins/disable?plugin=p&dry_run=true").ok();
    assert_eq!(disable.await["dry_run"]["would"], "stop");
    assert_eq!(admin.witness(), before);

    put(r#"{"value": "x"}"#)
        .refused(422, "config_rejected")
        .await;
    put("{}")
        .header("if-match", "\"old\"")
        .refused(412, "version_mismatch")
        .await;
    put("{").refused(400, "invalid_json").await;
    for how in ["", "=", "=yes", "=true&dry_run=true"] {
        let target = format!("/plugins/reload?plugin=p&dry_run{how}");
        admin.post(&target).refused(400, "invalid_query").await;
    }
}

#[tokio::test]
async fn dry_run_that_starts_says_how_the_instance_was() {
    let start = "/plugins/reload?plugin=p&dry_run=start";
    let admin = Admin::open().await;
    admin.post(start).refused(409, "cannot_start_beside").await;
    let build = |builder: AdminServiceBuilder| builder.insecure_loopback().build();
    let register = |registration: tower_plugin::Registration<_>| {
        registration
            .strategy(ReloadStrategy::Replace)
            .start_timeout(Duration::from_secs(5))
    };
    let admin = Admin::with_all(build, register, |server| server).await;
    let told = admin.post(start).ok().await;
    assert_eq!(told["dry_run"]["health"], "healthy");
    assert_eq!(
        (admin.script.hooks(), admin.plugin.generation()),
        ((2, 1), 1)
    );
    admin.script.next_starts([crate::scenario::Act::Fail("no")]);
    let failed = admin.post(start).send().await;
    assert_eq!(failed.status, 500);
    failed.assert_error("reload_failed");
    let failed = failed.json();
    assert_eq!(
        (
            &failed["outcome"],
            &failed["state"],
            &failed["dry_run"]["would"]
        ),
        (&json!("rejected"), &json!("active"), &json!("exchange"))
    );
}
