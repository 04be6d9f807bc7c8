//! Who is answered, and who is not. Whoever is not has changed nothing.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tower::ServiceExt;
use tower_plugin::admin::{AdminService, PeerAddr};

use super::support::{Admin, READ_TOKEN, Reply, TOKEN};

const RELOAD: &str = "/plugins/reload?plugin=p";
const ALL: [(&str, &str); 10] = [
    ("GET", "/plugins/status"),
    ("GET", "/plugins/list"),
    ("GET", "/plugins/health"),
    ("GET", "/plugins/config?plugin=p"),
    ("GET", "/plugins/schema?plugin=p"),
    ("PUT", "/plugins/config?plugin=p"),
    ("PATCH", "/plugins/config?plugin=p"),
    ("POST", RELOAD),
    ("POST", "/plugins/enable?plugin=p"),
    ("POST", "/plugins/disable?plugin=p"),
];

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

#[tokio::test]
async fn change_asked_for_by_a_foreign_page_is_forbidden() {
    for admin in [Admin::open().await, Admin::guarded().await] {
        let own = format!("http://{}", admin.addr);
        for (method, target) in &ALL[5..] {
            for (name, value) in [
                ("origin", "http://evil.test"),
                ("origin", "http://127.0.0.1:1"),
                ("origin", "null"),
                ("origin", "file://"),
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-site", "same-site"),
            ] {
                let ask = admin.ask(method.parse().unwrap(), target).token(TOKEN);
                ask.header(name, value).refused(403, "forbidden").await;
            }
            let ask = admin.ask(method.parse().unwrap(), target).token(TOKEN);
            let ask = ask
                .header("origin", &own)
                .header("sec-fetch-site", "same-site");
            ask.refused(403, "forbidden").await;
        }
        let reload = || admin.post(RELOAD).token(TOKEN);
        reload().header("origin", &own).ok().await;
        reload().header("sec-fetch-site", "same-origin").ok().await;
        reload().header("sec-fetch-site", "none").ok().await;
        reload().ok().await;
        assert_eq!(admin.plugin.generation(), 5);
    }
}

#[tokio::test]
async fn reading_is_left_to_the_browser_which_shows_it_to_no_foreign_page() {
    let admin = Admin::open().await;
    let ask = admin
        .get("/plugins/list")
        .header("origin", "http://evil.test");
    let reply = ask.send().await;
    assert_eq!(reply.status, 200);
    reply.assert_headers();
    let preflight = admin
        .ask(Method::OPTIONS, RELOAD)
        .header("origin", "http://evil.test");
    preflight.refused(405, "method_not_allowed").await;
}

#[tokio::test]
async fn without_a_token_nothing_is_told() {
    let admin = Admin::guarded().await;
    let wrong = [
        None,
        Some(String::new()),
        Some("Bearer".to_owned()),
        Some("Bearer ".to_owned()),
        Some(TOKEN.to_owned()),
        Some(format!("Basic {TOKEN}")),
        Some(format!("Bearer {TOKEN}x")),
        Some(format!("Bearer {}", &TOKEN[1..])),
        Some(format!("Bearer {}", TOKEN.to_uppercase())),
    ];
    for (method, target) in ALL
        .into_iter()
        .chain([("GET", "/none"), ("DELETE", "/plugins/list")])
    {
        for value in &wrong {
            let mut ask = admin.ask(method.parse().unwrap(), target);
            if let Some(value) = value {
                ask = ask.header("authorization", value);
            }
            let reply = ask.refused(401, "unauthorized").await;
            assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
        }
    }
    let ask = admin.get("/plugins/list").token(TOKEN).token(TOKEN);
    ask.refused(401, "unauthorized").await;
    admin.get("/plugins/list").token(TOKEN).ok().await;
    admin
        .get("/plugins/list")
        .header("authorization", &format!("bEARER  {TOKEN}"))
        .ok()
        .await;
    admin.post(RELOAD).token(TOKEN).ok().await;
}

#[tokio::test]
async fn token_for_reading_is_for_reading() {
    let admin = Admin::guarded().await;
    for (method, target) in ALL {
        let ask = admin.ask(method.parse().unwrap(), target).token(READ_TOKEN);
        if method == "GET" {
            let status = ask.send().await.status;
            assert!(matches!(status, 200 | 404), "{target}: {status}");
        } else {
            ask.refused(403, "forbidden").await;
        }
    }
}

#[tokio::test]
async fn empty_token_opens_nothing() {
    let admin = Admin::with(|builder| builder.bearer_token("").build()).await;
    for value in ["Bearer ", "Bearer", "Bearer \"\""] {
        let ask = admin.get("/plugins/list").header("authorization", value);
        ask.refused(401, "unauthorized").await;
    }
}

async fn status(admin: &AdminService, peer: Option<&str>, forwarded: &[(&str, &str)]) -> u16 {
    let mut request = Request::get("http://localhost/plugins/list");
    for (name, value) in forwarded {
        request = request.header(*name, *value);
    }
    if let Some(peer) = peer {
        request = request.extension(PeerAddr(peer.parse::<SocketAddr>().unwrap()));
    }
    let request = request.body(Full::<Bytes>::default()).unwrap();
    admin
        .clone()
        .oneshot(request)
        .await
        .unwrap()
        .status()
        .as_u16()
}

#[tokio::test]
async fn open_service_answers_only_who_is_known_to_be_on_this_machine() {
    let open = Admin::open().await;
    let builder = AdminService::builder(open.manager.clone());
    let admin = builder.insecure_loopback().build();
    for peer in [
        "127.0.0.1:9",
        "127.9.9.9:9",
        "[::1]:9",
        "[::ffff:127.0.0.1]:9",
    ] {
        assert_eq!(status(&admin, Some(peer), &[]).await, 200, "{peer}");
    }
    let claims = [
        ("x-forwarded-for", "127.0.0.1"),
        ("x-real-ip", "127.0.0.1"),
        ("forwarded", "for=127.0.0.1"),
    ];
    for peer in [
        None,
        Some("192.0.2.1:9"),
        Some("[2001:db8::1]:9"),
        Some("0.0.0.0:9"),
        Some("[::ffff:192.0.2.1]:9"),
    ] {
        assert_eq!(status(&admin, peer, &[]).await, 403, "{peer:?}");
        assert_eq!(status(&admin, peer, &claims).await, 403, "{peer:?}");
    }
}

#[tokio::test]
async fn guards_stand_in_their_order() {
    let admin = Admin::guarded().await;
    // Each is wrong in all that follows, too.
    let put = "PUT /none?x HTTP/1.1\r\n";
    let (evil, own) = ("host: evil.test\r\n", "host: localhost\r\n");
    let (origin, token) = (
        "origin: null\r\n",
        format!("authorization: Bearer {TOKEN}\r\n"),
    );
    let read = format!("authorization: Bearer {READ_TOKEN}\r\n");
    let config = "PUT /plugins/config?plugin=p HTTP/1.1\r\n";
    let long = "content-type: application/json\r\nif-match: \"old\"\r\n";
    for (head, code) in [
        (format!("{put}{evil}{origin}"), "misdirected_host"),
        (format!("{put}{own}{origin}"), "changes are not taken"),
        (format!("{put}{own}"), "unauthorized"),
        (format!("{put}{own}{read}"), "only for reading"),
        (format!("{put}{own}{token}"), "not_found"),
        (
            format!("DELETE /plugins/config?x HTTP/1.1\r\n{own}{token}"),
            "method_not_allowed",
        ),
        (
            format!("PUT /plugins/config?x HTTP/1.1\r\n{own}{token}if-match: \"old\"\r\n"),
            "invalid_query",
        ),
        (
            format!("{config}{own}{token}if-match: \"old\"\r\n"),
            "unsupported_media_type",
        ),
        (format!("{config}{own}{token}{long}"), "version_mismatch"),
    ] {
        let request = format!("{head}connection: close\r\ncontent-length: 0\r\n\r\n");
        let answer = admin.raw(&request).await;
        assert!(answer.contains(code), "{code}: {head}{answer}");
    }
}
