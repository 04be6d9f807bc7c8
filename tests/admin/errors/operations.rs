//! Operations that are refused or fail.

use std::time::Duration;

use serde_json::json;
use tower_plugin::{PluginManager, ReloadStrategy};

use super::{CHANGES, method};
use crate::admin::support::Admin;
use crate::scenario::Act;

#[tokio::test]
async fn plugin_in_another_operation_is_busy() {
    let admin = Admin::open().await;
    admin.script.next_starts([Act::Wait]);
    let first = admin.post("/plugins/reload?plugin=p");
    let (first, ()) = tokio::join!(first.ok(), async {
        admin.script.waiting().await;
        for (name, path) in [CHANGES[0], CHANGES[1], CHANGES[2]] {
            let ask = admin.ask(method(name), &format!("{path}?plugin=p"));
            let reply = ask.refused(409, "operation_in_progress").await;
            assert_eq!(reply.header("retry-after"), Some("1"));
            assert_eq!(reply.json()["plugin"], "p");
            assert_eq!(reply.json()["operation"], "reload");
        }
        admin.put("{}").refused(409, "operation_in_progress").await;
        admin
            .patch("{}")
            .refused(409, "operation_in_progress")
            .await;
        let status = admin.get("/plugins/status").ok().await;
        assert_eq!(status["plugin_system"]["plugin_states"]["p"], "reloading");
        admin.script.go_on();
    });
    assert_eq!(first["outcome"], "applied");
}

#[tokio::test]
async fn refused_config_names_the_place_and_what_must_hold() {
    let admin = Admin::open().await;
    for (config, pointer, told) in [
        (r#"{"value": "many"}"#, "/value", "u32"),
        (r#"{"value": -1}"#, "/value", "u32"),
        (r#"{"valeu": 1}"#, "/valeu", "value"),
        ("[]", "", "object"),
        ("null", "", "object"),
        ("\"x\"", "", "object"),
    ] {
        let reply = admin.put(config).refused(422, "config_rejected").await;
        let error = reply.json();
        assert_eq!(error["pointer"], pointer, "{error}");
        assert!(
            error["violation"].as_str().unwrap().contains(told),
            "{error}"
        );
        assert_eq!(
            (&error["plugin"], &error["outcome"]),
            (&json!("p"), &json!("rejected"))
        );
    }
    admin.patch("[]").refused(422, "config_rejected").await;
    admin
        .patch(r#"{"value": {}}"#)
        .refused(422, "config_rejected")
        .await;
    assert_eq!(admin.plugin.enter().unwrap().instance().value, 1);
}

#[tokio::test]
async fn failed_start_is_a_failed_reload_that_says_what_serves() {
    let admin = Admin::open().await;
    let lease = admin.plugin.enter().unwrap();
    admin.script.next_starts([Act::Fail("no database")]);
    let (draining, ask) = (admin.draining(), admin.put(r#"{"value": 9}"#));
    let (reply, ()) = tokio::join!(ask.send(), async {
        draining.await;
        drop(lease);
    });
    assert_eq!(reply.status, 500, "{}", reply.text);
    reply.assert_error("reload_failed");
    let error = reply.json();
    assert_eq!(error["plugin"], "p");
    assert_eq!(
        (&error["outcome"], &error["state"]),
        (&json!("rolled_back"), &json!("active"))
    );
    assert_eq!(
        (&error["generation"], &error["version"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(error["drain"]["completed"], 1);
    assert!(
        error["message"].as_str().unwrap().contains("no database"),
        "{error}"
    );
    assert_eq!(admin.plugin.enter().unwrap().instance().value, 1);

    admin
        .script
        .next_starts([Act::Fail("one"), Act::Fail("two")]);
    let reply = admin.post("/plugins/reload?plugin=p").send().await;
    reply.assert_error("reload_failed");
    let error = reply.json();
    assert_eq!(
        (&error["outcome"], &error["state"]),
        (&json!("failed"), &json!("failed"))
    );
    let plugin = &admin.get("/plugins/list").ok().await["plugins"][0];
    assert_eq!(plugin["status"], "failed");
    assert_eq!(plugin["last_error"]["operation"], "reload");
}

#[tokio::test]
async fn hook_that_does_not_return_in_time_is_a_timeout() {
    let admin = Admin::with_all(
        |builder| builder.insecure_loopback().build(),
        |plugin| {
            plugin
                .strategy(ReloadStrategy::Replace)
                .start_timeout(Duration::from_millis(20))
        },
        |server| server,
    )
    .await;
    admin.script.next_starts([Act::Hang]);
    let reply = admin.post("/plugins/reload?plugin=p").send().await;
    assert_eq!(reply.status, 504, "{}", reply.text);
    reply.assert_error("start_timeout");
    let error = reply.json();
    assert_eq!(
        (&error["outcome"], &error["state"]),
        (&json!("rolled_back"), &json!("active"))
    );
    assert_eq!(admin.plugin.generation(), 1);
}

#[tokio::test]
async fn plugin_with_too_many_leftovers_is_not_reloaded_until_they_go() {
    let brief = Duration::from_millis(1);
    let manager = PluginManager::builder().cancel_grace(brief);
    let admin = Admin::over(
        manager.build().unwrap(),
        |builder| builder.insecure_loopback().build(),
        |plugin| plugin.drain_timeout(brief).max_leftovers(1),
        |server| server,
    )
    .await;
    let deaf = admin.plugin.enter().unwrap();
    let reloaded = admin.post("/plugins/reload?plugin=p").ok().await;
    assert_eq!(reloaded["drain"]["remaining"], 1);
    let status = admin.get("/plugins/status").ok().await;
    assert_eq!(status["plugin_system"]["leftovers"], 1);
    let leftovers = &admin.get("/plugins/list").ok().await["plugins"][0]["leftovers"];
    assert_eq!(
        (&leftovers[0]["generation"], &leftovers[0]["in_flight"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        leftovers[0]["phases"],
        json!({"head": 0, "body": 0, "upgraded": 1})
    );
    assert!(leftovers[0]["since"].is_u64() && leftovers[0]["age_ms"].is_u64());

    let before = admin.witness();
    for ask in [
        admin.post("/plugins/reload?plugin=p"),
        admin.put(r#"{"value": 9}"#),
        admin.patch(r#"{"value": 9}"#),
    ] {
        let reply = ask.refused(409, "too_many_leftovers").await.json();
        assert_eq!(
            (&reply["plugin"], &reply["leftovers"][0]["generation"]),
            (&json!("p"), &json!(1))
        );
    }
    assert_eq!(admin.witness(), before);
    drop(deaf);
    admin.post("/plugins/reload?plugin=p").ok().await;
    let status = admin.get("/plugins/status").ok().await;
    assert_eq!(status["plugin_system"]["leftovers"], 0);
}

#[tokio::test]
async fn manager_that_shuts_down_takes_no_changes() {
    let admin = Admin::open().await;
    let lease = admin.plugin.enter().unwrap();
    let (draining, manager) = (admin.draining(), admin.manager.clone());
    let shutdown = tokio::spawn(async move { manager.shutdown().await });
    draining.await;
    for (name, path) in [CHANGES[0], CHANGES[1], CHANGES[2]] {
        let ask = admin.ask(method(name), &format!("{path}?plugin=p"));
        let reply = ask.refused(503, "shutting_down").await;
        assert_eq!(reply.json()["plugin"], "p");
    }
    admin.put("{}").refused(503, "shutting_down").await;
    admin.get("/readyz").refused(503, "not_ready").await;
    assert_eq!(
        admin.get("/plugins/status").ok().await["plugin_system"]["enabled"],
        false
    );
    drop(lease);
    shutdown.await.unwrap();
    let list = admin.get("/plugins/list").ok().await;
    assert_eq!(
        list["plugins"][0]["status"], "unloading",
        "it is still known"
    );
    let ask = admin.ask(method(CHANGES[0].0), "/plugins/reload?plugin=p");
    ask.refused(503, "shutting_down").await;
}

#[tokio::test]
async fn config_that_cannot_be_stored_is_not_put_in_force() {
    let dir = tempfile::tempdir().unwrap();
    let manager = PluginManager::builder().plugin_dir(dir.path());
    let admin = Admin::over(
        manager.build().unwrap(),
        |builder| builder.insecure_loopback().build(),
        |registration| registration,
        |server| server,
    )
    .await;
    let status = admin.get("/plugins/status").ok().await;
    let told = status["plugin_system"]["plugin_dir"].as_str();
    assert_eq!(told, dir.path().to_str());
    let file = dir.path().join("p.json");
    std::fs::write(&file, r#"{"value": 2"#).unwrap();
    let reload = admin.post("/plugins/reload?plugin=p");
    let broken = reload.refused(422, "config_broken").await.json();
    assert_eq!(broken["outcome"], "rejected");
    let message = broken["message"].as_str().unwrap();
    assert!(message.contains("p.json"), "{message}");
    admin.put(r#"{"value": 1}"#).ok().await;

    dir.close().unwrap();
    let reply = admin.put(r#"{"value": 2}"#);
    let reply = reply.refused(503, "store_unavailable").await;
    assert_eq!(reply.json()["plugin"], "p");
    admin
        .patch(r#"{"value": 2}"#)
        .refused(503, "store_unavailable")
        .await;
    assert_eq!(admin.plugin.enter().unwrap().instance().value, 1);
}
