//! Each row of the error table. Whoever is refused has changed nothing.

use std::time::Duration;

use http::Method;
use serde_json::json;
use tower_plugin::{PluginManager, ReloadStrategy};

use super::support::{Admin, TOKEN};
use crate::scenario::Act;

const CHANGES: [(&str, &str); 5] = [
    ("POST", "/plugins/reload"),
    ("POST", "/plugins/enable"),
    ("POST", "/plugins/disable"),
    ("PUT", "/plugins/config"),
    ("PATCH", "/plugins/config"),
];

fn method(name: &str) -> Method {
    name.parse().unwrap()
}

#[tokio::test]
async fn plugin_must_be_named_once() {
    let admin = Admin::open().await;
    let reads = [("GET", "/plugins/config"), ("GET", "/plugins/schema")];
    for (name, path) in CHANGES.into_iter().chain(reads) {
        for query in [
            "",
            "?",
            "?plugin=",
            "?plugin=p&plugin=p",
            "?plugin=p&plugin=q",
        ] {
            let ask = admin.ask(method(name), &format!("{path}{query}"));
            ask.refused(400, "plugin_required").await;
        }
    }
}

#[tokio::test]
async fn query_that_is_not_understood_is_refused_and_not_ignored() {
    let admin = Admin::open().await;
    for (name, path) in CHANGES {
        for query in [
            "plugin=p&x=1",
            "plugin=p&dry_run=true",
            "plugin=p%00",
            "plugin=p%0a",
            "plugin=p%0D%0aX-Evil:%201",
            "plugin=p%",
            "plugin=p%zz",
            "plugin=%ff",
        ] {
            let ask = admin.ask(method(name), &format!("{path}?{query}"));
            ask.refused(400, "invalid_query").await;
        }
    }
    for path in [
        "/plugins/status",
        "/plugins/list",
        "/plugins/health",
        "/livez",
        "/readyz",
    ] {
        admin
            .get(&format!("{path}?plugin=p"))
            .refused(400, "invalid_query")
            .await;
    }
}

#[tokio::test]
async fn plugin_that_is_none_is_not_found() {
    let admin = Admin::open().await;
    let reads = [("GET", "/plugins/config"), ("GET", "/plugins/schema")];
    let long = "a".repeat(65);
    for (name, path) in CHANGES.into_iter().chain(reads) {
        for plugin in ["none", "P", "p2", "p/../p", "%2e", "p%20", "p+", &long] {
            let ask = admin.ask(method(name), &format!("{path}?plugin={plugin}"));
            let reply = ask.refused(404, "plugin_not_found").await;
            assert!(reply.json()["plugin"].is_string());
        }
    }
    // Not even a body of the wrong type, for nobody, is looked at.
    let ask = admin
        .ask(Method::PUT, "/plugins/config?plugin=none")
        .body("x");
    ask.refused(404, "plugin_not_found").await;
}

#[tokio::test]
async fn path_is_matched_as_it_is_spelt() {
    let admin = Admin::open().await;
    for path in [
        "/",
        "/plugins",
        "/plugins/list/",
        "//plugins/list",
        "/metrics/../plugins/config",
        "/plugins/%2e%2e/plugins/list",
        "/plugins/%6cist",
        "/PLUGINS/LIST",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {{host}}\r\nconnection: close\r\n\r\n");
        let answer = admin.raw(&request).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
        assert!(answer.contains(r#""code":"not_found""#), "{path}: {answer}");
    }
    admin
        .post("/plugins/unload?plugin=p")
        .refused(404, "not_found")
        .await;
}

#[tokio::test]
async fn method_that_an_endpoint_does_not_take_is_answered_with_those_it_does() {
    let admin = Admin::open().await;
    for (path, allowed) in [
        ("/plugins/status", "GET, HEAD"),
        ("/plugins/list", "GET, HEAD"),
        ("/plugins/health", "GET, HEAD"),
        ("/plugins/reload?plugin=p", "POST"),
        ("/plugins/enable?plugin=p", "POST"),
        ("/plugins/disable?plugin=p", "POST"),
        ("/plugins/config?plugin=p", "GET, PUT, PATCH, HEAD"),
        ("/plugins/schema?plugin=p", "GET, HEAD"),
        ("/livez", "GET, HEAD"),
        ("/readyz", "GET, HEAD"),
    ] {
        for name in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"] {
            if allowed.split(", ").any(|allowed| allowed == name) {
                continue;
            }
            let reply = admin
                .ask(method(name), path)
                .refused(405, "method_not_allowed")
                .await;
            assert_eq!(reply.header("allow"), Some(allowed), "{name} {path}");
        }
    }
    // HEAD does what GET does, so it does not reload.
    let head = admin
        .ask(Method::HEAD, "/plugins/reload?plugin=p")
        .send()
        .await;
    assert_eq!((head.status, admin.script.hooks()), (405, (1, 0)));
}

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
    for (config, pointer, must) in [
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
        assert!(error["must"].as_str().unwrap().contains(must), "{error}");
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
    assert_eq!(admin.get("/plugins/list").ok().await["total_count"], 0);
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

#[tokio::test]
async fn rfc_9457_is_told_to_who_accepts_it() {
    let admin = Admin::open().await;
    let before = admin.witness();
    let ask = admin.put(r#"{"value": "many"}"#);
    let reply = ask
        .header("accept", "application/problem+json, */*;q=0.1")
        .send()
        .await;
    assert_eq!(reply.status, 422);
    assert_eq!(
        reply.header("content-type"),
        Some("application/problem+json")
    );
    reply.assert_headers();
    let problem = reply.parsed();
    assert_eq!(problem["type"], "about:blank");
    assert_eq!(problem["title"], "Unprocessable Entity");
    assert_eq!(problem["status"], 422);
    assert_eq!(problem["detail"], problem["message"]);
    assert_eq!(problem["code"], "config_rejected");
    assert_eq!(
        (&problem["plugin"], &problem["pointer"]),
        (&json!("p"), &json!("/value"))
    );
    assert!(problem["timestamp"].is_u64());
    assert_eq!(admin.witness(), before);

    // The guards speak it, too, and what succeeds stays what it is.
    let guarded = Admin::guarded().await;
    let ask = || {
        guarded
            .get("/plugins/list")
            .header("accept", "application/problem+json")
    };
    let reply = ask().send().await;
    assert_eq!(
        (reply.status, &reply.parsed()["status"]),
        (401, &json!(401))
    );
    ask().token(TOKEN).ok().await;
}
