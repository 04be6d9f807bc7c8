use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::ALL;
use crate::admin::support::{Admin, Reply};

#[tokio::test]
async fn other_host_is_misdirected_on_every_endpoint() {
    let admin = Admin::open().await;
    let before = admin.witness();
    for (method, target) in ALL.into_iter().chain([("GET", "/none")]) {
        let request = format!(
            "{method} {target} HTTP/1.1\r\nhost: evil.test\r\ncontent-type: application/json\r\n\
             content-length: 2\r\nconnection: close\r\n\r\n{{}}"
        );
        let answer = admin.raw(&request).await;
        assert!(
            answer.starts_with("HTTP/1.1 421 "),
            "{method} {target}: {answer}"
        );
        assert!(answer.contains("misdirected_host"), "{answer}");
    }
    assert_eq!(admin.witness(), before);
}

#[tokio::test]
async fn own_host_is_answered_and_none_is_a_bad_request() {
    let admin = Admin::open().await;
    let port = admin.addr.port();
    for (request, status) in [
        (
            format!("GET /plugins/list HTTP/1.1\r\nhost: localhost:{port}\r\n"),
            200,
        ),
        (
            "GET /plugins/list HTTP/1.0\r\nhost: [::1]\r\n".to_owned(),
            200,
        ),
        (
            "GET http://localhost/plugins/list HTTP/1.1\r\nhost: localhost\r\n".to_owned(),
            200,
        ),
        (
            "GET http://evil.test/plugins/list HTTP/1.1\r\nhost: localhost\r\n".to_owned(),
            421,
        ),
        (
            "GET http://localhost/plugins/list HTTP/1.1\r\nhost: evil.test\r\n".to_owned(),
            421,
        ),
        ("GET /plugins/list HTTP/1.0\r\n".to_owned(), 400),
        ("GET /plugins/list HTTP/1.1\r\n".to_owned(), 400),
        (
            "GET /plugins/list HTTP/1.1\r\nhost: localhost\r\nhost: evil.test\r\n".to_owned(),
            400,
        ),
        (
            "GET /plugins/list HTTP/1.1\r\nhost: localhost@evil.test\r\n".to_owned(),
            400,
        ),
        ("GET /plugins/list HTTP/1.1\r\nhost:\r\n".to_owned(), 400),
    ] {
        let answer = admin
            .raw(&format!("{request}connection: close\r\n\r\n"))
            .await;
        let told: u16 = answer[9..12].parse().unwrap();
        assert_eq!(told, status, "{request}: {answer}");
    }
}

#[tokio::test]
async fn authority_stands_for_the_host_over_http_2() {
    let admin = Admin::open().await;
    let before = admin.witness();
    let io = TokioIo::new(admin.connect().await);
    let (client, connection) =
        hyper::client::conn::http2::handshake::<_, _, Full<Bytes>>(TokioExecutor::new(), io)
            .await
            .unwrap();
    tokio::spawn(connection);
    for (host, status) in [("evil.test", 421), ("localhost:1", 200)] {
        let uri = format!("http://{host}/plugins/list");
        let request = Request::get(uri).body(Full::default()).unwrap();
        let reply = Reply::read(client.clone().send_request(request).await.unwrap()).await;
        assert_eq!(reply.status, status, "{}", reply.text);
    }
    assert_eq!(admin.witness(), before);
}

#[tokio::test]
async fn allowed_host_is_answered() {
    let build = |hosts: &'static [&'static str]| {
        Admin::with(move |builder| builder.allow_hosts(hosts).insecure_loopback().build())
    };
    let (none, some) = (
        build(&[]).await,
        build(&["admin.example", "10.0.0.5:9"]).await,
    );
    for host in ["admin.example", "Admin.Example:80", "10.0.0.5:9"] {
        let request =
            format!("GET /plugins/list HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        assert!(
            none.raw(&request).await.starts_with("HTTP/1.1 421 "),
            "{host}"
        );
        assert!(
            some.raw(&request).await.starts_with("HTTP/1.1 200 "),
            "{host}"
        );
    }
}
