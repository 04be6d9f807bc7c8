//! Operations on several plugins.

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
