//! A server of the tests' own, and its two kinds of clients.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tower_plugin::BoxError;

pub(crate) struct Server {
    public: SocketAddr,
    admin: SocketAddr,
    operator: Client<HttpConnector, Full<Bytes>>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), BoxError>>,
}

impl Server {
    /// A server whose drains wait for so long.
    pub(crate) async fn draining_for(timeout: Duration) -> Self {
        let public = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let admin = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (stop, stopped) = oneshot::channel();
        Self {
            public: public.local_addr().unwrap(),
            admin: admin.local_addr().unwrap(),
            operator: Client::builder(TokioExecutor::new()).build_http(),
            stop,
            serving: tokio::spawn(example_tonic::serve(public, admin, timeout, |shutdown| {
                Ok(shutdown.on(async {
                    let _ = stopped.await;
                }))
            })),
        }
    }

    pub(crate) async fn client(&self) -> HealthClient<Channel> {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.public)).unwrap();
        HealthClient::new(within(endpoint.connect()).await.unwrap())
    }

    /// Asks the administration, and reads its answer to its end.
    pub(crate) fn ask(
        &self,
        method: &str,
        target: &str,
        body: &'static str,
    ) -> impl Future<Output = (StatusCode, Value)> + Send + use<> {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}{target}", self.admin))
            .header("content-type", "application/json")
            .body(Full::from(body))
            .unwrap();
        let response = self.operator.request(request);
        within(async {
            let (head, body) = response.await.unwrap().into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            (head.status, serde_json::from_slice(&body).unwrap())
        })
    }

    /// Has something done to the plugin, which must succeed.
    pub(crate) fn operate(&self, operation: &str) -> impl Future<Output = Value> + Send + use<> {
        let target = format!("/plugins/{operation}?plugin=statuses");
        let answer = self.ask("POST", &target, "");
        async {
            let (status, report) = answer.await;
            assert_eq!(status, 200, "{report}");
            report
        }
    }

    /// Ends the server, which must end well.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        within(self.serving).await.unwrap().unwrap();
    }
}

/// A question about one service; the empty name is the server as a whole.
pub(crate) fn about(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

pub(crate) async fn within<T>(work: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(20);
    tokio::time::timeout(limit, work).await.expect("it hangs")
}
