use std::net::SocketAddr;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tower::ServiceExt;
use tower_plugin::admin::{AdminService, PeerAddr};

use super::{ALL, RELOAD};
use crate::admin::support::{Admin, READ_TOKEN, TOKEN};

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
