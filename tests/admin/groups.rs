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
