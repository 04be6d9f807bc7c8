use http::{StatusCode, header::WWW_AUTHENTICATE};
use serde_json::json;

use crate::{process::Process, testing};

#[tokio::test]
async fn sending_keys_needs_a_token_where_one_is_required() {
    let server = Process::start().await;
    let key = testing::armored(&testing::public(1, &["Alice"]));
    let config = json!({"require_token": true, "tokens": ["first", "second"]});
    server.configure("zerotrust", config).await;

    let answer = server.http.add(&key).await;
    answer.assert_refused(StatusCode::UNAUTHORIZED, "needs a token");
    let challenge = answer.headers[WWW_AUTHENTICATE].to_str().unwrap();
    assert_eq!(challenge, r#"Bearer realm="keyserver""#);
    let answer = server.http.with_token("third").add(&key).await;
    answer.assert_refused(StatusCode::UNAUTHORIZED, "not accepted");
    let challenge = answer.headers[WWW_AUTHENTICATE].to_str().unwrap();
    assert!(
        challenge.ends_with(r#"error="invalid_token""#),
        "{challenge}"
    );

    assert_eq!(
        server.http.stats().await.keys,
        0,
        "looking up needs no token"
    );
    server.http.with_token("second").add(&key).await.assert_ok();
    server.http.lookup("get", "alice").await.assert_ok();

    server
        .configure("zerotrust", json!({"require_token": false}))
        .await;
    server.http.add(&key).await.assert_ok();
}

#[tokio::test]
async fn without_the_check_nobody_may_send_keys_and_everybody_may_look_up() {
    let server = Process::start().await;
    let key = testing::armored(&testing::public(1, &["Alice"]));
    server.http.add(&key).await.assert_ok();
    server.post("disable", "zerotrust").await.assert_ok();
    let answer = server.http.add(&key).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.json()["plugin"], "zerotrust");
    server.http.lookup("get", "alice").await.assert_ok();
}

#[tokio::test]
async fn requirement_that_nobody_can_meet_is_reported_as_degraded() {
    let server = Process::start().await;
    server
        .configure("zerotrust", json!({"require_token": true}))
        .await;
    let health = server.plugin("zerotrust").await["health"].clone();
    assert_eq!(health["status"], "degraded");
    assert!(
        health["message"]
            .as_str()
            .unwrap()
            .contains("nobody can send keys"),
        "{health}"
    );
}
