//! Operations on several plugins.

use serde_json::json;
use tower_plugin::PluginManager;

use super::support::Admin;
use crate::scenario::{Act, Script, Scripted};

async fn register(manager: &PluginManager, name: &str, on: &[&str]) -> std::sync::Arc<Script> {
    let script = Script::new();
    let plugin = manager.register(name, Scripted(script.clone()));
    plugin.depends_on(on.iter().copied()).await.unwrap();
    script
}

#[tokio::test]
async fn cascade_reloads_dependents_too_and_says_what_became_of_each() {
    let admin = Admin::open().await;
    let top = register(&admin.manager, "top", &["p"]).await;
    register(&admin.manager, "above", &["top"]).await;
    let alone = admin
        .post("/plugins/reload?plugin=p&cascade=false")
        .ok()
        .await;
    assert_eq!(
        (&alone["plugin"], &alone["generation"]),
        (&"p".into(), &2.into())
    );

    let cascade = "/plugins/reload?plugin=p&cascade=true";
    let done = admin.post(cascade).ok().await;
    assert_eq!(
        (&done["status"], &done["outcome"]),
        (&"success".into(), &"applied".into())
    );
    let results = done["results"].as_array().unwrap();
    let told = results
        .iter()
        .map(|result| (&result["plugin"], &result["outcome"]));
    assert!(told.eq([
        (&"p".into(), &"applied".into()),
        (&"top".into(), &"applied".into()),
        (&"above".into(), &"applied".into()),
    ]));

    top.next_starts([Act::Fail("no")]);
    let reply = admin.post(cascade).send().await;
    assert_eq!(reply.status, 500);
    reply.assert_error("reload_failed");
    let failed = reply.json();
    assert_eq!(failed["outcome"], "partial");
    assert_eq!(failed["results"][1]["code"], "reload_failed");
    assert_eq!(failed["results"][1]["outcome"], "rolled_back");
    assert_eq!(failed["results"][2]["outcome"], "skipped");

    let unclear = admin.post("/plugins/reload?plugin=p&cascade=yes");
    unclear.refused(400, "invalid_query").await;
    let nobody = admin.post("/plugins/reload?plugin=q&cascade=true");
    nobody.refused(404, "plugin_not_found").await;
}

#[tokio::test]
async fn all_plugins_are_reloaded_and_only_if_none_failed_it_is_200() {
    let admin = Admin::open().await;
    let other = register(&admin.manager, "other", &[]).await;
    register(&admin.manager, "off", &[]).await;
    admin.manager.disable("off").await.unwrap();
    let done = admin
        .post("/plugins/reload-all?cause=new+database")
        .ok()
        .await;
    assert_eq!(done["outcome"], "applied");
    let results = done["results"].as_array().unwrap();
    let told = results
        .iter()
        .map(|result| (&result["plugin"], &result["outcome"]));
    assert!(told.eq([
        (&"off".into(), &"skipped".into()),
        (&"other".into(), &"applied".into()),
        (&"p".into(), &"applied".into()),
    ]));

    other.next_starts([Act::Fail("no")]);
    let reply = admin.post("/plugins/reload-all").send().await;
    assert_eq!(reply.status, 500);
    reply.assert_error("reload_failed");
    assert_eq!(reply.json()["outcome"], "partial");
    assert_eq!(reply.json()["results"][2]["outcome"], "applied");

    let recreated = admin.post("/plugins/reload-all?all_or_nothing=true&plugin=other");
    let refused = recreated.refused(409, "not_replaceable").await.json();
    assert_eq!(refused["plugins"], serde_json::json!(["other"]));
    let unknown = admin.post("/plugins/reload-all?plugin=p&plugin=nowhere");
    unknown.refused(404, "plugin_not_found").await;
    let unclear = admin.post("/plugins/reload-all?all=true");
    unclear.refused(400, "invalid_query").await;
}

#[tokio::test]
async fn group_that_nobody_waits_for_is_answered_at_once_and_can_be_looked_at() {
    let admin = Admin::open().await;
    let top = register(&admin.manager, "top", &["p"]).await;
    for (target, operation) in [
        ("/plugins/reload-all?cause=monday", "reload_all"),
        (
            "/plugins/reload?plugin=p&cascade=true&cause=monday",
            "cascade",
        ),
    ] {
        top.next_starts([Act::Wait]);
        let reload = admin.post(target).header("prefer", "respond-async");
        let reply = reload.send().await;
        assert_eq!(reply.status, 202, "{}", reply.text);
        assert_eq!(reply.header("preference-applied"), Some("respond-async"));
        let (told, at) = (reply.json(), reply.header("location").unwrap());
        assert_eq!(
            (&told["status"], &told["operation"]),
            (&json!("accepted"), &json!(operation))
        );
        assert_eq!(told["plugins"], json!(["p", "top"]));
        let id = told["operation_id"].as_str().unwrap();
        assert_eq!(at, format!("/plugins/operations/{id}"));

        top.waiting().await;
        for (query, is_listed) in [("", true), ("?plugin=top", true), ("?plugin=q", false)] {
            let listed = admin
                .get(&format!("/plugins/operations{query}"))
                .send()
                .await;
            let first = &listed.json()["groups"][0];
            let is_first = first["id"] == id && first["phase"] == "running";
            assert_eq!(is_first, is_listed, "{query}: {}", listed.text);
        }
        let shown = admin.get(at).ok().await;
        assert_eq!(
            (&shown["id"], &shown["phase"]),
            (&json!(id), &json!("running"))
        );
        assert_eq!(
            (&shown["result"], &shown["cause"]),
            (&json!(null), &json!("monday"))
        );
        top.go_on();
        let group = admin.manager.group(id.parse().unwrap()).unwrap();
        assert!(group.result.is_none());
        while admin.get(at).ok().await["phase"] != "done" {
            tokio::task::yield_now().await;
        }
        let result = admin.get(at).ok().await["result"].clone();
        assert_eq!(
            (&result["http_status"], &result["outcome"]),
            (&json!(200), &json!("applied"))
        );
        assert_eq!(result["results"].as_array().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn group_that_failed_shows_what_would_have_been_answered() {
    let admin = Admin::open().await;
    let group = admin.post("/plugins/reload-all?all_or_nothing=true");
    let reply = group.header("prefer", "respond-async").send().await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    let at = reply.header("location").unwrap();
    while admin.get(at).ok().await["phase"] != "done" {
        tokio::task::yield_now().await;
    }
    let shown = admin.get(at).ok().await;
    assert_eq!(shown["result"]["http_status"], 409);
    assert_eq!(shown["result"]["code"], "not_replaceable");
    assert!(shown["ended"].is_u64());

    // What is known at once is said at once.
    for (target, status, code) in [
        ("/plugins/reload-all?plugin=q", 404, "plugin_not_found"),
        (
            "/plugins/reload?plugin=q&cascade=true",
            404,
            "plugin_not_found",
        ),
    ] {
        let refused = admin.post(target).header("prefer", "respond-async");
        refused.refused(status, code).await;
    }
}

#[tokio::test]
async fn group_waits_for_the_operation_under_way_for_as_long_as_it_is_told_to() {
    let admin = Admin::open().await;
    register(&admin.manager, "top", &["p"]).await;
    for target in [
        "/plugins/reload-all?plugin=p",
        "/plugins/reload?plugin=p&cascade=true",
    ] {
        admin.script.next_starts([Act::Wait]);
        let reload = admin.post("/plugins/reload?plugin=p");
        let reload = reload.header("prefer", "respond-async").send().await;
        assert_eq!(reload.status, 202);
        admin.script.waiting().await;
        let refused = admin.post(target).refused(409, "operation_in_progress");
        let refused = refused.await;
        assert_eq!(refused.headers["retry-after"], "1", "{target}");
        let wait = admin.post(&format!("{target}&wait=5s"));
        let (done, ()) = tokio::join!(wait.ok(), async {
            while admin.manager.operations()[0].phase.as_str() != "queued" {
                tokio::task::yield_now().await;
            }
            admin.script.go_on();
        });
        assert_eq!(done["outcome"], "applied");
    }
}

#[tokio::test]
async fn group_of_which_something_was_done_is_not_answered_as_refused() {
    let admin = Admin::open().await;
    let other = register(&admin.manager, "other", &[]).await;
    other.next_starts([Act::Wait]);
    let reload = admin.post("/plugins/reload?plugin=other");
    let reload = reload.header("prefer", "respond-async").send().await;
    assert_eq!(reload.status, 202);
    other.waiting().await;
    let reply = admin.post("/plugins/reload-all").send().await;
    assert_eq!(reply.status, 500, "{}", reply.text);
    reply.assert_error("reload_failed");
    let told = reply.json();
    assert_eq!(told["outcome"], "partial");
    assert_eq!(told["results"][0]["code"], "operation_in_progress");
    assert_eq!(told["results"][1]["outcome"], "applied");
    let refused = admin.post("/plugins/reload-all?plugin=other");
    refused.refused(409, "operation_in_progress").await;
    other.go_on();
}
