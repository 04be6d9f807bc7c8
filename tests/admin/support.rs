//! One plugin, `p`, behind an admin service on a socket of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tower_plugin::admin::{AdminService, AdminServiceBuilder, Server};
use tower_plugin::{EventKind, PluginHandle, PluginManager, Registration};

use crate::scenario::{Instance, Script, Scripted};

/// A secret in the plugin's config, which must never be seen.
pub const CANARY: &str = "c4n4ry";

/// A token that is accepted where tokens are.
pub const TOKEN: &str = "t0k3n-of-operators";

/// Longer than anything here may take.
pub const LONG: Duration = Duration::from_secs(20);

/// One that is good for reading.
pub const READ_TOKEN: &str = "t0k3n-of-dashboards";

pub struct Admin {
    pub manager: PluginManager,
    pub plugin: PluginHandle<Instance>,
    pub script: Arc<Script>,
    pub addr: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
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

#[derive(Debug, PartialEq)]
pub struct Witness {
    state: String,
    generation: u64,
    hooks: (usize, usize),
    checks: usize,
    version: u64,
    config: Value,
}

#[must_use]
pub struct Ask<'a> {
    admin: &'a Admin,
    request: Request<Full<Bytes>>,
}

impl Ask<'_> {
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = value.parse().unwrap();
        self.request.headers_mut().append(name, value);
        self
    }

    pub fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        *self.request.body_mut() = Full::new(body.into());
        self
    }

    pub async fn send(self) -> Reply {
        Reply::read(self.admin.client.request(self.request).await.unwrap()).await
    }

    /// Sends it and expects 200.
    pub async fn ok(self) -> Value {
        let reply = self.send().await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()
    }

    /// Sends it, expects to be refused with this status and code, and nothing to have changed.
    pub async fn refused(self, status: u16, code: &str) -> Reply {
        let (admin, request) = (self.admin, format!("{:?}", self.request));
        let before = admin.witness();
        let reply = self.send().await;
        assert_eq!(reply.status, status, "{request}: {}", reply.text);
        reply.assert_error(code);
        assert_eq!(admin.witness(), before, "{request} changed something");
        reply
    }
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    pub async fn read<B>(response: Response<B>) -> Self
    where
        B: Body,
        B::Error: std::fmt::Debug,
    {
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self {
            status: head.status.as_u16(),
            headers: head.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"));
        self.parsed()
    }

    pub fn parsed(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{}", self.text))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The shape of every error.
    pub fn assert_error(&self, code: &str) {
        let error = self.json();
        assert_eq!(
            (&error["status"], &error["code"]),
            (&json!("error"), &json!(code)),
            "{error}"
        );
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|message| !message.is_empty()),
            "{error}"
        );
        assert!(
            error["timestamp"]
                .as_u64()
                .is_some_and(|time| time > 1_700_000_000),
            "{error}"
        );
        self.assert_headers();
    }

    /// The headers of every answer.
    pub fn assert_headers(&self) {
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"));
        assert!(self.header("access-control-allow-origin").is_none());
    }
}

/// A value with the names of types in place of what is in it.
pub fn shape(value: &Value) -> Value {
    match value {
        Value::Null => json!("null"),
        Value::Bool(_) => json!("bool"),
        Value::Number(_) => json!("number"),
        Value::String(_) => json!("string"),
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::Object(members) => {
            let shapes = members
                .iter()
                .map(|(name, value)| (name.clone(), shape(value)));
            Value::Object(shapes.collect())
        }
    }
}
