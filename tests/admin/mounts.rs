//! The service under other servers than its own.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::{ConnectInfo, Request as AxumRequest};
use axum::middleware::{self, Next};
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::{Service, ServiceExt};
use tower_plugin::admin::{AdminBody, AdminService, PeerAddr};

use super::support::{Admin, Reply, TOKEN};

async fn get(addr: SocketAddr, target: &str, token: &str) -> Reply {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let request = Request::get(format!("http://{addr}{target}"))
        .header("authorization", format!("Bearer {token}"))
        .body(Empty::new())
        .unwrap();
    Reply::read(client.request(request).await.unwrap()).await
}

async fn add_peer(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: AxumRequest,
    next: Next,
) -> axum::response::Response {
    request.extensions_mut().insert(PeerAddr(peer));
    next.run(request).await
}

#[tokio::test]
async fn service_is_nested_in_axum() {
    let admin = Admin::open().await;
    let builder = || AdminService::builder(admin.manager.clone());
    let app = Router::new()
        .nest_service("/admin", builder().bearer_token(TOKEN).build())
        .nest_service("/open", builder().insecure_loopback().build())
        .layer(middleware::from_fn(add_peer))
        .nest_service("/nobody", builder().insecure_loopback().build())
        .into_make_service_with_connect_info::<SocketAddr>();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let served = tokio::spawn(axum::serve(listener, app).into_future());
    for (target, token, status) in [
        ("/admin/plugins/list", TOKEN, 200),
        ("/admin/plugins/list", "wrong", 401),
        ("/admin/admin/plugins/list", TOKEN, 404),
        ("/admin/plugins//list", TOKEN, 404),
        ("/admin/plugins/config?plugin=p", TOKEN, 200),
        ("/admin/livez", "", 200),
        ("/open/plugins/list", "", 200),
        // It was mounted where nobody says where the client is.
        ("/nobody/plugins/list", TOKEN, 403),
    ] {
        let reply = get(addr, target, token).await;
        assert_eq!(reply.status, status, "{target}: {}", reply.text);
        reply.assert_headers();
    }
    served.abort();
}

#[tokio::test]
async fn service_is_given_to_bare_hyper() {
    let admin = Admin::open().await;
    let service = AdminService::builder(admin.manager.clone())
        .bearer_token(TOKEN)
        .build();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = TowerToHyperService::new(service.clone());
            let http = hyper::server::conn::http1::Builder::new();
            tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
        }
    });
    let reply = get(addr, "/plugins/list", TOKEN).await;
    assert_eq!(
        (reply.status, &reply.json()["total_count"]),
        (200, &1.into())
    );
    assert_eq!(get(addr, "/plugins/list", "wrong").await.status, 401);
    served.abort();
}

/// A body of neither hyper nor axum, whose data is not `Bytes`, and which may panic.
struct Odd {
    frames: Vec<&'static str>,
    panics: bool,
}

impl Body for Odd {
    type Data = std::io::Cursor<Vec<u8>>;
    type Error = String;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, String>>> {
        assert!(!self.panics, "this body panics");
        let frame = self.frames.pop();
        Poll::Ready(frame.map(|frame| match frame {
            "" => Err("broken".to_owned()),
            frame => Ok(Frame::data(std::io::Cursor::new(frame.as_bytes().to_vec()))),
        }))
    }
}

fn put(frames: &[&'static str], panics: bool) -> Request<Odd> {
    let frames = frames.iter().rev().copied().collect();
    Request::put("http://localhost/plugins/config?plugin=p")
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("content-type", "application/json")
        .body(Odd { frames, panics })
        .unwrap()
}

#[tokio::test]
async fn any_body_is_read() {
    let admin = Admin::guarded().await;
    let service = AdminService::builder(admin.manager.clone())
        .bearer_token(TOKEN)
        .build();
    let reply = service
        .clone()
        .oneshot(put(&["{\"va", "lue\": ", "5}"], false))
        .await
        .unwrap();
    assert_eq!(reply.status(), 200);
    assert_eq!(admin.plugin.enter().unwrap().instance().value, 5);
    let before = admin.witness();
    let reply = service
        .clone()
        .oneshot(put(&["{\"va", ""], false))
        .await
        .unwrap();
    Reply::read(reply).await.assert_error("invalid_body");
    assert_eq!(admin.witness(), before);
}

#[tokio::test]
async fn panic_is_an_internal_error_and_the_service_serves_on() {
    let admin = Admin::guarded().await;
    let service = AdminService::builder(admin.manager.clone())
        .bearer_token(TOKEN)
        .build();
    let before = admin.witness();
    let reply = Reply::read(service.clone().oneshot(put(&[], true)).await.unwrap()).await;
    assert_eq!(reply.status, 500);
    reply.assert_error("internal_error");
    assert!(!reply.text.contains("this body panics"));
    assert_eq!(admin.witness(), before);
    let reply = service.oneshot(put(&["{}"], false)).await.unwrap();
    assert_eq!(reply.status(), 200);
}

#[test]
fn service_is_what_servers_ask_for() {
    fn is_service<S, B>()
    where
        S: Service<Request<B>, Response = Response<AdminBody>, Error = Infallible, Future: Send>,
        S: Clone + Send + Sync + 'static,
    {
    }
    fn is_body<B: Body<Data = Bytes, Error: Into<tower_plugin::BoxError>> + Send + 'static>() {}
    is_service::<AdminService, hyper::body::Incoming>();
    is_service::<AdminService, axum::body::Body>();
    is_service::<AdminService, Full<Bytes>>();
    is_service::<AdminService, Empty<&'static [u8]>>();
    is_service::<AdminService, String>();
    is_body::<AdminBody>();
}

#[tokio::test]
async fn body_of_an_answer_knows_its_length() {
    let admin = Admin::open().await;
    let service = AdminService::builder(admin.manager.clone())
        .bearer_token(TOKEN)
        .build();
    let request = Request::get("http://localhost/livez")
        .body(String::new())
        .unwrap();
    let body = service.oneshot(request).await.unwrap().into_body();
    let told = body.size_hint().exact().unwrap();
    assert_eq!(told, body.collect().await.unwrap().to_bytes().len() as u64);
}

#[tokio::test]
async fn answer_to_head_has_no_body_whoever_sends_it() {
    let admin = Admin::open().await;
    let builder = AdminService::builder(admin.manager.clone());
    let service = builder.bearer_token(TOKEN).build();
    for (target, status) in [("/livez", 200), ("/plugins/list", 401)] {
        let request = Request::head(format!("http://localhost{target}"));
        let response = service
            .clone()
            .oneshot(request.body(String::new()).unwrap())
            .await
            .unwrap();
        let reply = Reply::read(response).await;
        assert_eq!((reply.status, reply.text.as_str()), (status, ""));
        let length: u64 = reply.header("content-length").unwrap().parse().unwrap();
        assert!(length > 0, "{target}");
    }
}
