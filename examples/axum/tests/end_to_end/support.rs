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
    addr: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
    stop: oneshot::Sender<()>,
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
        Self::draining_for(Duration::from_secs(10)).await
    }

    pub(crate) async fn draining_for(timeout: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (stop, stopped) = oneshot::channel();
        Self {
            addr: listener.local_addr().unwrap(),
            client: Client::builder(TokioExecutor::new()).build_http(),
            stop,
            serving: tokio::spawn(example_axum::serve(listener, timeout, |shutdown| {
                Ok(shutdown.on(async {
                    let _ = stopped.await;
                }))
            })),
        }
    }

    /// Asks, and reads the answer to its end.
    pub(crate) fn ask(
        &self,
        method: Method,
        target: &str,
        body: &'static str,
    ) -> impl Future<Output = Reply> + Send + use<> {
        let media_type = match method {
            Method::PATCH => "application/merge-patch+json",
            _ => "application/json",
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}{target}", self.addr))
            .header("content-type", media_type)
            .body(Full::from(body))
            .unwrap();
        let response = self.client.request(request);
        within(async {
            let (head, body) = response.await.unwrap().into_parts();
            Reply {
                status: head.status,
                headers: head.headers,
                body: body.collect().await.unwrap().to_bytes(),
            }
        })
    }

    pub(crate) fn get(&self, target: &str) -> impl Future<Output = Reply> + Send + use<> {
        self.ask(Method::GET, target, "")
    }

    /// Has something done to a plugin, which must succeed.
    pub(crate) async fn operate(&self, operation: &str, plugin: &str) -> Value {
        let target = format!("/admin/plugins/{operation}?plugin={plugin}");
        let reply = self.ask(Method::POST, &target, "").await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    /// Ends the server, which must end well.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        within(self.serving).await.unwrap().unwrap();
    }
}

pub(crate) async fn within<T>(work: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(20);
    tokio::time::timeout(limit, work).await.expect("it hangs")
}
