//! A server of the tests' own, and a client for it.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower_plugin::BoxError;

pub(crate) struct Server {
    pub(crate) public: SocketAddr,
    pub(crate) admin: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<Result<(), BoxError>>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        let public = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let admin = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (stop, stopped) = oneshot::channel();
        Self {
            public: public.local_addr().unwrap(),
            admin: admin.local_addr().unwrap(),
            client: Client::builder(TokioExecutor::new()).build_http(),
            stop: Some(stop),
            serving: tokio::spawn(example_hyper::serve(public, admin, |shutdown| {
                Ok(shutdown.on(async {
                    let _ = stopped.await;
                }))
            })),
        }
    }

    /// Answers, or fails the test: nothing here takes long.
    pub(crate) fn ask(
        &self,
        method: Method,
        addr: SocketAddr,
        target: &str,
        body: &'static str,
    ) -> impl Future<Output = Reply> + Send + use<> {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{addr}{target}"))
            .header("content-type", "application/json")
            .body(Full::from(body))
            .unwrap();
        let response = self.client.request(request);
        async {
            let reply = async {
                let (head, body) = response.await.unwrap().into_parts();
                Reply {
                    status: head.status,
                    headers: head.headers,
                    body: body.collect().await.unwrap().to_bytes(),
                }
            };
            within(reply).await
        }
    }

    pub(crate) fn greet(&self) -> impl Future<Output = Reply> + Send + use<> {
        self.ask(Method::GET, self.public, "/", "")
    }

    /// Has something done to the plugin, which must succeed.
    pub(crate) async fn operate(&self, operation: &str) -> Value {
        let target = format!("/plugins/{operation}?plugin=greeting");
        let reply = self.ask(Method::POST, self.admin, &target, "").await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    pub(crate) async fn configure(&self, config: &'static str) -> Reply {
        let target = "/plugins/config?plugin=greeting";
        self.ask(Method::PUT, self.admin, target, config).await
    }

    /// The plugin's entry in the list.
    pub(crate) async fn listed(&self) -> Value {
        let list = self.ask(Method::GET, self.admin, "/plugins/list", "").await;
        list.json()["plugins"][0].clone()
    }

    /// Waits until so many requests are inside the plugin.
    pub(crate) async fn until_inside(&self, requests: u64) {
        let mut look = tokio::time::interval(Duration::from_millis(5));
        let inside = async {
            while self.listed().await["health"]["checks"]["active_requests"] != requests {
                look.tick().await;
            }
        };
        within(inside).await;
    }

    /// Tells it to stop, without waiting for that.
    pub(crate) fn tell_to_stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    pub(crate) async fn stopped(self) {
        within(self.serving).await.unwrap().unwrap();
    }
}

pub(crate) async fn within<T>(work: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(20);
    tokio::time::timeout(limit, work).await.expect("it hangs")
}
