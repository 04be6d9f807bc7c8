//! Requests that cannot be understood.

use http::Method;
use serde_json::json;

use super::{CHANGES, method};
use crate::admin::support::{Admin, TOKEN};

#[tokio::test]
async fn plugin_must_be_named_once() {
    let admin = Admin::open().await;
    let reads = ["/plugins/config", "/plugins/schema", "/plugins/requests"];
    let reads = reads.map(|path| ("GET", path));
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
            "plugin=p&dryrun=true",
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
    let reads = ["/plugins/config", "/plugins/schema", "/plugins/requests"];
    let reads = reads.map(|path| ("GET", path));
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
