//! New generations on trial, over HTTP.

use serde_json::json;
use tower_plugin::ReloadStrategy;

use super::support::Admin;

async fn replacing() -> Admin {
    Admin::with_all(
        |builder| builder.insecure_loopback().build(),
        |plugin| plugin.strategy(ReloadStrategy::Replace),
        |server| server,
    )
    .await
}

#[tokio::test]
async fn canary_is_answered_when_it_begins_and_decided_by_a_command() {
    for (decision, value, outcome) in [("promote", 2, "applied"), ("abort", 1, "rolled_back")] {
        let admin = replacing().await;
        let put = admin.ask(http::Method::PUT, "/plugins/config?plugin=p&canary=50");
        let put = put.header("content-type", "application/json");
        let reply = put.body(r#"{"value": 2}"#).send().await;
        assert_eq!(reply.status, 202, "{}", reply.text);
        assert_eq!(reply.header("preference-applied"), None);
        let at = reply.header("location").unwrap();
        let trial = &reply.json()["trial"];
        assert_eq!(
            (&trial["canary"], &trial["new"]["generation"]),
            (&json!(50), &json!(2))
        );
        let values = [(); 2].map(|()| admin.plugin.enter().unwrap().instance().value);
        assert_ne!(values[0], values[1], "both serve");
        let listed = &admin.get("/plugins/list").ok().await["plugins"][0];
        assert_eq!(
            (&listed["status"], &listed["trial"]["canary"]),
            (&json!("active"), &json!(50))
        );
        let busy = admin.post("/plugins/reload?plugin=p");
        busy.refused(409, "operation_in_progress").await;

        let decided = admin
            .post(&format!("/plugins/{decision}?plugin=p"))
            .ok()
            .await;
        assert_eq!(
            (&decided["status"], &decided["outcome"]),
            (&json!("success"), &json!(outcome))
        );
        assert_eq!(admin.plugin.enter().unwrap().instance().value, value);
        let result = &admin.get(at).ok().await["result"];
        assert_eq!(result["outcome"], outcome);
        let again = admin.post(&format!("/plugins/{decision}?plugin=p"));
        again.refused(409, "not_on_trial").await;
    }
}

#[tokio::test]
async fn probation_that_is_not_confirmed_in_time_is_shown_as_rolled_back() {
    let admin = replacing().await;
    let target = "/plugins/reload?plugin=p&confirm_within=30ms&max_error_rate=0.1&min_requests=5";
    let reply = admin.post(target).send().await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    let (at, phase) = (reply.header("location").unwrap(), &reply.json()["phase"]);
    assert_eq!(phase, "probation");
    let shown = loop {
        let shown = admin.get(at).ok().await;
        if shown["phase"] == "done" {
            break shown;
        }
    };
    let result = &shown["result"];
    assert_eq!(
        (&result["http_status"], &result["code"], &result["outcome"]),
        (&json!(500), &json!("reload_failed"), &json!("rolled_back"))
    );
    assert_eq!(admin.plugin.generation(), 1);
}

#[tokio::test]
async fn trial_that_is_none_is_refused() {
    let admin = Admin::open().await;
    let reload = admin.post("/plugins/reload?plugin=p&canary=10");
    reload.refused(409, "trial_unavailable").await;
    for query in [
        "canary=0",
        "canary=100",
        "canary=x",
        "canary=-1",
        "canary=10&canary=10",
        "probation=5",
        "confirm_within=",
        "max_error_rate=2",
        "max_error_rate=NaN",
        "min_requests=0",
    ] {
        let reload = admin.post(&format!("/plugins/reload?plugin=p&{query}"));
        reload.refused(400, "invalid_query").await;
    }
    let disable = admin.post("/plugins/disable?plugin=p&canary=10");
    disable.refused(400, "invalid_query").await;
    let promote = admin.post("/plugins/promote?plugin=none");
    promote.refused(404, "plugin_not_found").await;
}
