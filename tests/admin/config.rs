//! Reading and changing configs.

use http::Method;
use serde_json::json;

use super::support::{Admin, CANARY};

#[tokio::test]
async fn config_that_was_read_can_be_sent_back() {
    let admin = Admin::open().await;
    let config = admin.get("/plugins/config?plugin=p").ok().await["config"].clone();
    let same = admin.put(config.to_string()).ok().await;
    assert_eq!(
        (&same["outcome"], &same["status"]),
        (&json!("unchanged"), &json!("success"))
    );
    assert_eq!(admin.script.hooks(), (1, 0));

    let mut other = config;
    other["value"] = json!(2);
    admin.put(other.to_string()).ok().await;
    let kept = json!({"value": 2, "tokens": [CANARY]});
    let same = admin.put(kept.to_string()).ok().await;
    assert_eq!(same["outcome"], "unchanged", "the masked secret was kept");
}

#[tokio::test]
async fn patch_changes_members_and_null_removes_them() {
    let admin = Admin::open().await;
    let patched = admin.patch(r#"{"value": 7}"#).ok().await;
    assert_eq!(
        (&patched["outcome"], &patched["version"]),
        (&json!("applied"), &json!(2))
    );
    let config = admin.get("/plugins/config?plugin=p").ok().await;
    assert_eq!(config["config"], json!({"value": 7, "tokens": "******"}));
    admin.patch(r#"{"value": null, "tokens": []}"#).ok().await;
    let config = admin.get("/plugins/config?plugin=p").ok().await;
    assert_eq!(config["config"], json!({"tokens": "******"}));
    assert_eq!(admin.patch("{}").ok().await["outcome"], "unchanged");
}

#[tokio::test]
async fn config_of_a_disabled_plugin_is_kept_for_when_it_is_enabled() {
    let admin = Admin::open().await;
    admin.post("/plugins/disable?plugin=p").ok().await;
    let kept = admin.put(r#"{"value": 3}"#).ok().await;
    assert_eq!(
        (&kept["outcome"], &kept["state"]),
        (&json!("applied"), &json!("disabled"))
    );
    admin.post("/plugins/enable?plugin=p").ok().await;
    assert_eq!(admin.plugin.enter().unwrap().instance().value, 3);
}

#[tokio::test]
async fn refused_config_lists_its_violations() {
    let admin = Admin::open().await;
    let reply = admin
        .put(r#"{"value": "x"}"#)
        .refused(422, "config_rejected");
    let problem = reply.await.json();
    let message = "must be u32: invalid type: string \"x\"";
    assert_eq!(
        (&problem["pointer"], &problem["violation"]),
        (&json!("/value"), &json!(message))
    );
    assert_eq!(
        problem["violations"],
        json!([{"pointer": "/value", "message": message}])
    );
    assert!(problem.get("has_more_violations").is_none());
}

#[tokio::test]
async fn schema_is_given_where_there_is_one() {
    let admin = Admin::open().await;
    admin
        .get("/plugins/schema?plugin=p")
        .refused(404, "not_found")
        .await;
    let schema = json!({"type": "object", "properties": {"value": {"type": "integer"}}});
    let plugin = WithSchema(schema.clone());
    admin.manager.register("q", plugin).await.unwrap();
    let answer = admin.get("/plugins/schema?plugin=q").ok().await;
    assert_eq!(
        (&answer["plugin"], &answer["schema"]),
        (&json!("q"), &schema)
    );
    admin
        .ask(Method::PUT, "/plugins/schema?plugin=q")
        .refused(405, "method_not_allowed")
        .await;
}

struct WithSchema(serde_json::Value);

impl tower_plugin::Plugin for WithSchema {
    type Config = ();
    type Instance = ();

    async fn start(
        &self,
        (): (),
        _cx: tower_plugin::StartContext,
    ) -> Result<(), tower_plugin::BoxError> {
        Ok(())
    }

    fn config_schema(&self) -> Option<serde_json::Value> {
        Some(self.0.clone())
    }
}
