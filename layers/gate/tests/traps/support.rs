//! Servers, clients and bodies for the tests.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinHandle, JoinSet};
use tower::Service;
use tower_plugin_gate::{BoxError, Gate, Generation, PluginLayer, PluginState, Slot};

/// A plugin with one generation, and that generation's gate.
pub(crate) struct Plugin {
    pub(crate) slot: Slot<()>,
    pub(crate) gate: Gate,
}

impl Plugin {
    pub(crate) fn open() -> Self {
        let slot = Slot::new("geo", PluginState::Loading);
        let generation = Generation::new(1, ());
        let gate = generation.gate().clone();
        slot.open(generation);
        Self { slot, gate }
    }

    pub(crate) fn closed() -> Self {
        let plugin = Self::open();
        plugin.close();
        plugin
    }

    pub(crate) fn layer(&self) -> PluginLayer {
        PluginLayer::new(&self.slot)
    }

    pub(crate) fn close(&self) {
        self.slot.close(PluginState::Reloading);
    }

    /// A drain that passes its deadline.
    pub(crate) fn cut_off(&self) {
        self.close();
        self.gate.cancel();
    }

    /// Closes the gate and waits until everybody has left.
    pub(crate) async fn empties(&self) {
        self.close();
        within(self.gate.drained()).await;
        assert_eq!(self.gate.in_flight(), 0);
    }

    /// Somebody is inside, and for the time that one would need to leave, nobody does.
    pub(crate) async fn stays_occupied(&self) {
        let emptied = tokio::time::timeout(Duration::from_millis(300), self.gate.drained()).await;
        emptied.expect_err("somebody is inside");
        assert_eq!(self.gate.in_flight(), 1);
    }
}

/// What `future` resolves to, soon.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .expect("this takes much less than 20 seconds")
}

/// A server for HTTP/1 and HTTP/2 on a port of its own, until it is dropped.
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(crate) fn new(addr: SocketAddr, task: JoinHandle<()>) -> Self {
        Self { addr, task }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.addr).await.unwrap()
    }
}

pub(crate) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}

/// Serves `service` with hyper. No `Date` header, so that responses can be compared.
pub(crate) async fn serve<S, B>(service: S) -> Server
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let (listener, addr) = listen().await;
    let task = tokio::spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = TowerToHyperService::new(service.clone());
            connections.spawn(async move {
                let mut builder = auto::Builder::new(TokioExecutor::new());
                builder.http1().auto_date_header(false);
                builder
                    .http2()
                    .auto_date_header(false)
                    .enable_connect_protocol();
                // It ends with an error in many a test, which the client sees too.
                let _ = builder
                    .serve_connection_with_upgrades(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    Server::new(addr, task)
}

/// A body of any kind, for services that have several.
pub(crate) type Reply = UnsyncBoxBody<Bytes, BoxError>;

pub(crate) fn reply<B>(body: B) -> Response<Reply>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    Response::new(boxed(body))
}

pub(crate) fn boxed<B>(body: B) -> Reply
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    body.map_err(Into::into).boxed_unsync()
}

pub(crate) fn full(text: &'static str) -> Response<Reply> {
    reply(Full::from(text))
}

/// A body of `first` and then nothing, for good.
pub(crate) fn stuck_after(first: &'static str) -> Response<Reply> {
    let frame = Ok::<_, Infallible>(http_body::Frame::data(Bytes::from_static(first.as_bytes())));
    let first = tokio_stream::once(frame);
    let then = tokio_stream::pending();
    reply(http_body_util::StreamBody::new(
        tokio_stream::StreamExt::chain(first, then),
    ))
}

/// A body without end, and a message for each frame that is asked of it.
#[derive(Clone)]
pub(crate) struct Endless {
    polled: UnboundedSender<()>,
}

impl Endless {
    pub(crate) fn new() -> (Self, UnboundedReceiver<()>) {
        let (polled, polls) = unbounded_channel();
        (Self { polled }, polls)
    }

    pub(crate) fn response(&self) -> Response<Reply> {
        let polled = self.polled.clone();
        let frames = std::iter::repeat_with(move || {
            polled.send(()).expect("the test counts them");
            let data = Bytes::from_static(&[b'x'; 1 << 16]);
            Ok::<_, BoxError>(http_body::Frame::data(data))
        });
        reply(http_body_util::StreamBody::new(tokio_stream::iter(frames)))
    }
}

/// Waits until nobody asks the body for more: then every buffer on the way is full.
pub(crate) async fn stalled(polls: &mut UnboundedReceiver<()>) {
    within(polls.recv()).await.expect("the first frame");
    let quiet = Duration::from_millis(500);
    while let Ok(Some(())) = tokio::time::timeout(quiet, polls.recv()).await {}
}

/// An HTTP/2 connection, driven in the background until it is dropped.
pub(crate) struct Http2<B> {
    pub(crate) send: hyper::client::conn::http2::SendRequest<B>,
    driver: JoinHandle<()>,
    socket: std::net::TcpStream,
}

impl<B> Http2<B>
where
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    pub(crate) async fn connect(server: &Server) -> Self {
        let mut builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
        // The least there is, so that a client that does not read stalls the server soon.
        builder.initial_stream_window_size(65_535);
        builder.initial_connection_window_size(65_535);
        let stream = server.connect().await.into_std().unwrap();
        let socket = stream.try_clone().unwrap();
        let io = TokioIo::new(TcpStream::from_std(stream).unwrap());
        let (send, connection) = builder.handshake(io).await.unwrap();
        let driver = tokio::spawn(async move {
            let _ = connection.await;
        });
        Self {
            send,
            driver,
            socket,
        }
    }

    /// Goes away without a word.
    pub(crate) fn disconnect(&self) {
        self.socket.shutdown(std::net::Shutdown::Both).unwrap();
    }
}

impl<B> Drop for Http2<B> {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
