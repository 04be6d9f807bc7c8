use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tower_plugin::admin::{AdminService, AdminServiceBuilder, Server};
use tower_plugin::{EventKind, PluginHandle, PluginManager, Registration};

use super::{Ask, CANARY, LONG, READ_TOKEN, TOKEN, Witness};
use crate::scenario::{Instance, Script, Scripted};

pub struct Admin {
    pub manager: PluginManager,
    pub plugin: PluginHandle<Instance>,
    pub script: Arc<Script>,
    pub addr: SocketAddr,
    pub(super) client: Client<HttpConnector, Full<Bytes>>,
    stop: Option<oneshot::Sender<()>>,
    pub served: JoinHandle<std::io::Result<()>>,
}

impl Admin {
    /// For everybody on this machine.
    pub async fn open() -> Self {
        Self::with(|builder| builder.insecure_loopback().build()).await
    }

    /// For who has a token.
    pub async fn guarded() -> Self {
        let build = |builder: AdminServiceBuilder| {
            let builder = builder.bearer_token(TOKEN);
            builder.read_only_token(READ_TOKEN).build()
        };
        Self::with(build).await
    }

    pub async fn with(build: impl FnOnce(AdminServiceBuilder) -> AdminService) -> Self {
        Self::with_all(build, |registration| registration, |server| server).await
    }

    pub async fn with_all(
        build: impl FnOnce(AdminServiceBuilder) -> AdminService,
        register: impl FnOnce(Registration<Scripted>) -> Registration<Scripted>,
        limit: impl FnOnce(Server) -> Server,
    ) -> Self {
        Self::over(PluginManager::new(), build, register, limit).await
    }

    pub async fn over(
        manager: PluginManager,
        build: impl FnOnce(AdminServiceBuilder) -> AdminService,
        register: impl FnOnce(Registration<Scripted>) -> Registration<Scripted>,
        limit: impl FnOnce(Server) -> Server,
    ) -> Self {
        let script = Arc::new(Script {
            secret: true,
            ..Script::default()
        });
        let registration = manager
            .register("p", Scripted(Arc::clone(&script)))
            .config(json!({"value": 1, "tokens": [CANARY]}))
            .check_interval(Duration::from_secs(3600));
        let plugin = register(registration).await.unwrap();
        let admin = build(AdminService::builder(manager.clone()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = limit(Server::new(listener, admin));
        let served = tokio::spawn(server.run(async {
            _ = stopped.await;
        }));
        Self {
            manager,
            plugin,
            script,
            addr,
            client: Client::builder(TokioExecutor::new()).build_http(),
            stop: Some(stop),
            served,
        }
    }

    /// Has the server shut down.
    pub fn stop(&mut self) {
        drop(self.stop.take());
    }

    pub fn ask(&self, method: Method, target: &str) -> Ask<'_> {
        let uri = format!("http://{}{target}", self.addr);
        let request = Request::builder().method(method).uri(uri);
        Ask {
            admin: self,
            request: request.body(Full::default()).unwrap(),
        }
    }

    pub fn get(&self, target: &str) -> Ask<'_> {
        self.ask(Method::GET, target)
    }

    pub fn post(&self, target: &str) -> Ask<'_> {
        self.ask(Method::POST, target)
    }

    pub fn put(&self, config: impl Into<Bytes>) -> Ask<'_> {
        self.ask(Method::PUT, "/plugins/config?plugin=p")
            .header("content-type", "application/json")
            .body(config)
    }

    pub fn patch(&self, patch: impl Into<Bytes>) -> Ask<'_> {
        self.ask(Method::PATCH, "/plugins/config?plugin=p")
            .header("content-type", "application/merge-patch+json")
            .body(patch)
    }

    /// Until requests are being waited for, from now on.
    pub fn draining(&self) -> impl Future<Output = ()> + use<> {
        let mut events = self.manager.subscribe();
        async move { while events.recv().await.unwrap().kind != EventKind::DrainStarted {} }
    }

    pub async fn etag(&self) -> String {
        let reply = self.get("/plugins/config?plugin=p").send().await;
        reply.header("etag").unwrap().to_owned()
    }

    /// Everything that a request could change.
    pub fn witness(&self) -> Witness {
        let config = self.manager.config("p").unwrap();
        Witness {
            state: self.plugin.state().to_string(),
            generation: self.plugin.generation(),
            hooks: self.script.hooks(),
            checks: self.script.checks.load(SeqCst),
            version: config.version.number(),
            config: config.config,
        }
    }

    /// A connection that speaks no HTTP but what it is told to.
    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.addr).await.unwrap()
    }

    /// Writes `request` as it is, with `{host}` replaced, and reads to the end.
    pub async fn raw(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        let request = request.replace("{host}", &self.addr.to_string());
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let answered = timeout(LONG, stream.read_to_string(&mut answer)).await;
        answered.expect("the server answers and closes").unwrap();
        answer
    }
}
