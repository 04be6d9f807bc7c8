//! Changes other than of a config that are conditional on its version.

use http::Method;
use serde_json::json;
use tower_plugin::admin::{AdminService, AdminServiceBuilder};
use tower_plugin::{OperationErrorKind, Registration, ReloadStrategy};

use super::support::Admin;
use crate::scenario::{Script, Scripted};

#[tokio::test]
async fn every_change_of_a_plugin_is_made_only_to_the_version_it_is_for() {
    let admin = Admin::open().await;
    admin.manager.disable("p").await.unwrap();
    let stale = admin.etag().await;
    admin.put(r#"{"value": 2}"#).ok().await;
    for (method, path) in AdminService::endpoints().filter(|(method, _)| !method.is_safe()) {
        if path == "/plugins/reload-all" {
            continue;
        }
        // Whatever it would do in this state: that is not looked at any more.
        let version = if path.contains("rollback") {
            "&version=1"
        } else {
            ""
        };
        let ask = admin.ask(method.clone(), &format!("{path}?plugin=p{version}"));
        let media_type = match method {
            Method::PATCH => "application/merge-patch+json",
            _ => "application/json",
        };
        let ask = ask.header("content-type", media_type).body("{}");
        let told = ask.header("if-match", &stale).send().await;
        assert_eq!(told.status, 412, "{method} {path}: {}", told.text);
        told.assert_error("version_mismatch");
        assert_eq!(told.json()["plugin"], "p", "{method} {path}");
    }
    let dry = admin.post("/plugins/enable?plugin=p&dry_run=true");
    let dry = dry.header("if-match", &stale);
    dry.refused(412, "version_mismatch").await;

    let current = admin.etag().await;
    for path in ["enable", "reload", "disable"] {
        let ask = admin.post(&format!("/plugins/{path}?plugin=p"));
        let reply = ask.header("if-match", &current).send().await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        assert_eq!(reply.header("etag"), Some(&*current), "{path}");
    }
}

#[tokio::test]
async fn cascade_is_for_the_version_of_the_plugin_it_begins_with() {
    let admin = Admin::open().await;
    let script = Script::new();
    let above = admin.manager.register("above", Scripted(script));
    above.depends_on(["p"]).await.unwrap();
    admin
        .manager
        .update_config("above", json!({"value": 5}))
        .await
        .unwrap();
    let stale = admin.etag().await;
    admin.put(r#"{"value": 2}"#).ok().await;
    let cascade = || admin.post("/plugins/reload?plugin=p&cascade=true");
    let refused = cascade().header("if-match", &stale);
    refused.refused(412, "version_mismatch").await;
    let current = admin.etag().await;
    let done = cascade().header("if-match", &current).ok().await;
    assert_eq!(done["results"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn several_plugins_have_no_version_in_common() {
    let admin = Admin::open().await;
    let etag = admin.etag().await;
    let reload = || admin.post("/plugins/reload-all?plugin=p");
    let told = reload().header("if-match", &etag);
    let told = told.refused(412, "version_mismatch").await;
    assert!(told.text.contains("one by one"), "{}", told.text);
    reload().header("if-match", "*").ok().await;
}

#[tokio::test]
async fn trial_goes_on_when_what_would_end_it_is_for_another_version() {
    let replace = |plugin: Registration<Scripted>| plugin.strategy(ReloadStrategy::Replace);
    let build = |builder: AdminServiceBuilder| builder.insecure_loopback().build();
    let admin = Admin::with_all(build, replace, |server| server).await;
    let stale = admin.manager.config("p").unwrap().version;
    admin.put(r#"{"value": 2}"#).ok().await;
    let canary = admin
        .post("/plugins/reload?plugin=p&canary=10")
        .send()
        .await;
    assert_eq!(canary.status, 202);
    let disable = admin.manager.disable("p").if_version(stale).await;
    let refused = disable.unwrap_err();
    assert!(
        matches!(refused.kind(), OperationErrorKind::VersionMismatch { .. }),
        "{refused}"
    );
    admin.post("/plugins/promote?plugin=p").ok().await;
}
