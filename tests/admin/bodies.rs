//! What is sent: its type, its size, its pace, its JSON. What is refused has changed nothing.

use std::time::Duration;

use http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower_plugin::admin::AdminServiceBuilder;

use super::support::Admin;

fn put(admin: &Admin, head: &str) -> String {
    format!(
        "PUT /plugins/config?plugin=p HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
         connection: close\r\n{head}\r\n",
        admin.addr
    )
}

#[tokio::test]
async fn body_of_another_type_is_refused() {
    let admin = Admin::open().await;
    let ask = |method: Method| admin.ask(method, "/plugins/config?plugin=p").body("{}");
    for named in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin1",
    ] {
        let reply = ask(Method::PUT).header("content-type", named);
        let reply = reply.refused(415, "unsupported_media_type").await;
        assert_eq!(reply.header("accept"), Some("application/json"));
    }
    ask(Method::PUT)
        .refused(415, "unsupported_media_type")
        .await;
    admin
        .put("{}")
        .header("content-encoding", "gzip")
        .refused(415, "unsupported_media_type")
        .await;
    let merge = "application/merge-patch+json";
    ask(Method::PUT)
        .header("content-type", merge)
        .refused(415, "unsupported_media_type")
        .await;
    let patch = ask(Method::PATCH).header("content-type", "application/json");
    let reply = patch.refused(415, "unsupported_media_type").await;
    assert_eq!(reply.header("accept-patch"), Some(merge));
    let named = "Application/JSON; charset=UTF-8";
    ask(Method::PUT).header("content-type", named).ok().await;
}

#[tokio::test]
async fn body_that_is_no_json_is_refused() {
    let admin = Admin::open().await;
    for body in [
        &b""[..],
        b"{",
        b"{} {}",
        b"value=1",
        b"{\"value\": NaN}",
        b"{\"value\": \"\xff\"}",
        b"\xef\xbb\xbf{}",
    ] {
        admin.put(body).refused(400, "invalid_json").await;
        admin.patch(body).refused(400, "invalid_json").await;
    }
    let twice = admin
        .put(r#"{"value": 1, "value": 2}"#)
        .refused(400, "invalid_json")
        .await;
    assert!(twice.text.contains("twice"), "{}", twice.text);
    let deep = ["{\"a\":".repeat(10_000), "1".to_owned(), "}".repeat(10_000)].concat();
    let reply = admin.put(deep).refused(400, "invalid_json").await;
    assert_eq!(reply.json()["plugin"], "p");
}

fn padded(length: usize) -> String {
    let body = r#"{"value": 5}"#;
    format!("{}{body}", " ".repeat(length - body.len()))
}

#[tokio::test]
async fn body_may_be_as_long_as_the_limit_and_no_longer() {
    let limit = 1000;
    let build =
        move |builder: AdminServiceBuilder| builder.body_limit(limit).insecure_loopback().build();
    let admin = Admin::with(build).await;
    admin
        .put(padded(limit + 1))
        .refused(413, "body_too_large")
        .await;
    admin.put(padded(limit)).ok().await;

    let before = admin.witness();
    for (sizes, status) in [
        (vec![600, 401], 413),
        (vec![1; 1001], 413),
        (vec![1000], 200),
    ] {
        let body: String = sizes
            .iter()
            .scan(padded(sizes.iter().sum()), |left, size| {
                let rest = left.split_off(*size);
                Some(format!("{size:x}\r\n{}\r\n", std::mem::replace(left, rest)))
            })
            .collect();
        let head = put(&admin, "transfer-encoding: chunked\r\n");
        let answer = admin.raw(&format!("{head}{body}0\r\n\r\n")).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{sizes:?}: {answer}"
        );
    }
    assert_eq!(
        admin.witness(),
        before,
        "the last is the config in force already"
    );
}

#[tokio::test]
async fn limit_is_a_mebibyte_and_who_sends_more_gets_to_read_so() {
    let admin = Admin::open().await;
    admin.put(padded(1024 * 1024)).ok().await;
    let before = admin.witness();
    let long = padded(4 * 1024 * 1024);
    let told = put(&admin, &format!("content-length: {}\r\n", long.len()));
    let chunk = format!("{:x}\r\n{long}\r\n0\r\n\r\n", long.len());
    let chunked = put(&admin, "transfer-encoding: chunked\r\n");
    for (head, body) in [(told, long), (chunked, chunk)] {
        let answer = admin.raw(&format!("{head}{body}")).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.contains("body_too_large"), "{answer}");
    }
    assert_eq!(admin.witness(), before);
}

#[tokio::test]
async fn who_asks_before_sending_is_spared_sending_too_much() {
    let admin = Admin::open().await;
    let head = put(
        &admin,
        "content-length: 9999999\r\nexpect: 100-continue\r\n",
    );
    let answer = admin.raw(&head).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let body = r#"{"value": 6}"#;
    let mut stream = admin.connect().await;
    let head = put(
        &admin,
        &format!("content-length: {}\r\nexpect: 100-continue\r\n", body.len()),
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut told = [0; 25];
    stream.read_exact(&mut told).await.unwrap();
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn body_that_does_not_arrive_in_time_is_given_up() {
    let build = |builder: AdminServiceBuilder| {
        builder
            .body_timeout(Duration::from_millis(50))
            .insecure_loopback()
            .build()
    };
    let admin = Admin::with(build).await;
    let before = admin.witness();
    for head in ["content-length: 100\r\n", "transfer-encoding: chunked\r\n"] {
        let answer = admin.raw(&put(&admin, head)).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!(answer.contains("request_timeout"), "{answer}");
    }
    assert_eq!(admin.witness(), before);
}

#[tokio::test]
async fn body_that_breaks_off_changes_nothing() {
    let admin = Admin::open().await;
    let before = admin.witness();
    let mut stream = admin.connect().await;
    let request = format!("{}{{\"value\": 8}}", put(&admin, "content-length: 100\r\n"));
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    assert_eq!(admin.witness(), before);
}
