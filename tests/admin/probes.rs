//! Liveness and readiness, for whoever asks.

use serde_json::json;

use super::support::{Admin, READ_TOKEN, TOKEN};
use crate::scenario::{Act, Script, Scripted};

#[tokio::test]
async fn probes_need_no_credentials_and_no_name() {
    let admin = Admin::guarded().await;
    for (path, told) in [
        ("/livez", json!({"status": "live"})),
        ("/readyz", json!({"status": "ready"})),
    ] {
        let reply = admin.get(path).send().await;
        assert_eq!((reply.status, reply.json()), (200, told));
        reply.assert_headers();
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: 10.1.2.3:80\r\nconnection: close\r\n\r\n");
        assert!(admin.raw(&request).await.starts_with("HTTP/1.1 200 "));
        assert!(
            admin
                .raw(&format!("GET {path} HTTP/1.0\r\n\r\n"))
                .await
                .starts_with("HTTP/1.0 200 ")
        );
    }
}

#[tokio::test]
async fn required_plugin_that_does_not_serve_makes_the_server_not_ready_but_lets_it_live() {
    let admin = Admin::guarded().await;
    let script = Script::new();
    script.next_starts([Act::Fail("no luck")]);
    let registration = admin.manager.register("db", Scripted(script)).required();
    registration.await.unwrap();
    assert_eq!(admin.get("/livez").send().await.status, 200);

    for token in [TOKEN, READ_TOKEN] {
        let reply = admin
            .get("/readyz")
            .token(token)
            .refused(503, "not_ready")
            .await;
        assert_eq!(reply.json()["not_serving"], json!(["db"]));
        assert!(reply.text.contains("do not serve: db"), "{}", reply.text);
    }
    admin
        .post("/plugins/enable?plugin=db")
        .token(TOKEN)
        .ok()
        .await;
    assert_eq!(admin.get("/readyz").send().await.status, 200);
    // One that is not required has no say.
    admin
        .post("/plugins/disable?plugin=p")
        .token(TOKEN)
        .ok()
        .await;
    assert_eq!(admin.get("/readyz").send().await.status, 200);
    admin
        .post("/plugins/disable?plugin=db")
        .token(TOKEN)
        .ok()
        .await;
    assert_eq!(admin.get("/readyz").send().await.status, 503);
}

#[tokio::test]
async fn which_plugins_do_not_serve_is_told_only_to_who_may_read() {
    let (guarded, open) = (Admin::guarded().await, Admin::open().await);
    for admin in [&guarded, &open] {
        let registration = admin
            .manager
            .register("db", Scripted(Script::new()))
            .required();
        registration.await.unwrap();
        admin.manager.disable("db").await.unwrap();
    }
    for ask in [
        guarded.get("/readyz"),
        guarded.get("/readyz").token("wrong"),
    ] {
        let reply = ask.refused(503, "not_ready").await;
        assert!(!reply.text.contains("db"), "{}", reply.text);
        assert!(reply.json().get("not_serving").is_none());
    }
    // A page whose name was made to point here is of this machine, but asks for its own name.
    let told = open.get("/readyz").refused(503, "not_ready").await;
    assert!(told.text.contains("db"));
    for host in ["host: evil.test\r\n", ""] {
        let answer = open
            .raw(&format!("GET /readyz HTTP/1.0\r\n{host}\r\n"))
            .await;
        assert!(
            answer.starts_with("HTTP/1.0 503 ") && !answer.contains("db"),
            "{answer}"
        );
    }
    let request =
        format!("GET /readyz HTTP/1.0\r\nhost: evil.test\r\nauthorization: Bearer {TOKEN}\r\n\r\n");
    let answer = guarded.raw(&request).await;
    assert!(
        answer.starts_with("HTTP/1.0 503 ") && !answer.contains("db"),
        "{answer}"
    );
}

#[tokio::test]
async fn probes_take_no_changes() {
    let admin = Admin::guarded().await;
    for path in ["/livez", "/readyz"] {
        admin.post(path).refused(405, "method_not_allowed").await;
        admin
            .get(&format!("{path}?verbose"))
            .refused(400, "invalid_query")
            .await;
        admin
            .post(path)
            .token(READ_TOKEN)
            .refused(403, "forbidden")
            .await;
    }
}
