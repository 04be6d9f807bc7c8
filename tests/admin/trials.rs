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
        let values = [(); 100].map(|()| admin.plugin.enter().unwrap().instance().value);
        let like_the_first = values.iter().filter(|value| **value == values[0]);
        assert_eq!(like_the_first.count(), 50, "both serve");
        let listed = &admin.get("/plugins/list").ok().await["plugins"][0];
        assert_eq!(
            (&listed["status"], &listed["trial"]["canary"]),
            (&json!("active"), &json!(50))
        );
        let busy = admin.post("/plugins/reload?plugin=p").send().await;
        assert_eq!(busy.status, 409, "{}", busy.text);
        busy.assert_error("operation_in_progress");
        assert!(busy.text.contains("promote or abort"), "{}", busy.text);

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
async fn what_bounds_a_trial_is_refused_where_there_is_none() {
    let admin = replacing().await;
    for query in [
        "max_error_rate=0.1",
        "min_requests=5",
        "max_error_rate=0.1&dry_run=true",
    ] {
        let reload = admin.post(&format!("/plugins/reload?plugin=p&{query}"));
        reload.refused(409, "trial_unavailable").await;
    }
    assert_eq!(admin.plugin.generation(), 1);
}

#[tokio::test]
async fn dry_run_says_whether_there_would_be_a_trial() {
    let admin = replacing().await;
    for (query, trial) in [("", false), ("&canary=10", true), ("&probation=0s", false)] {
        let target = format!("/plugins/reload?plugin=p&dry_run=true{query}");
        let told = admin.post(&target).ok().await;
        assert_eq!(told["dry_run"]["trial"], trial, "{target}");
    }
}

#[tokio::test]
async fn several_plugins_are_answered_for_when_the_first_goes_on_trial() {
    let admin = replacing().await;
    let cascade = admin.post("/plugins/reload?plugin=p&cascade=true&canary=10");
    let reply = cascade.send().await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    assert_eq!(reply.header("preference-applied"), None);
    assert_eq!(reply.json()["phase"], "running");
    let at = reply.header("location").unwrap();
    admin.post("/plugins/promote?plugin=p").ok().await;
    let shown = loop {
        let shown = admin.get(at).ok().await;
        if shown["phase"] == "done" {
            break shown;
        }
    };
    assert_eq!(shown["result"]["outcome"], "applied");

    let refused = admin.post("/plugins/reload?plugin=p&cascade=true&max_error_rate=0.1");
    refused.refused(409, "trial_unavailable").await;
}

#[tokio::test]
async fn reload_of_all_is_answered_when_a_registered_trial_begins() {
    let admin = Admin::with_all(
        |builder| builder.insecure_loopback().build(),
        |plugin| {
            let plugin = plugin.strategy(ReloadStrategy::Replace);
            plugin.confirm_within(std::time::Duration::from_secs(3600))
        },
        |server| server,
    )
    .await;
    let reply = admin.post("/plugins/reload-all").send().await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    let listed = &admin.get("/plugins/list").ok().await["plugins"][0];
    assert_eq!(listed["trial"]["new"]["generation"], 2);
    admin.post("/plugins/abort?plugin=p").ok().await;
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
        "confirm_within=0s",
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
