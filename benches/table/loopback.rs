//! axum over loopback, with the layer and without, in turns. Server and clients share a runtime;
//! the clients speak just enough HTTP/1 to cost next to nothing. Beside it, what a layer costs there
//! that does nothing: for each of its routes and requests axum boxes the service, its future and its
//! body.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tower::ServiceBuilder;
use tower::make::Shared;
use tower::util::MapRequestLayer;
use tower_http::map_response_body::MapResponseBodyLayer;
use tower_http::metrics::InFlightRequestsLayer;
use tower_plugin_benches::peers::open_slot;
use tower_plugin_gate::PluginLayer;
use tower_service::Service;

use crate::report::Report;
use crate::rounds::{Spread, order};

const CONNECTIONS: usize = 16;
const SEGMENT: Duration = Duration::from_millis(100);
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

struct Connection {
    stream: TcpStream,
    /// Every answer has it.
    length: usize,
}

impl Connection {
    async fn open(port: u16) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream.write_all(REQUEST).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"hello") {
            assert!(stream.read_buf(&mut answer).await.unwrap() > 0);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200 "));
        let length = answer.len();
        Self { stream, length }
    }

    async fn run(mut self, until: Instant) -> (Self, u64) {
        let mut answer = vec![0; self.length];
        let mut sent = 0;
        while Instant::now() < until {
            self.stream.write_all(REQUEST).await.unwrap();
            self.stream.read_exact(&mut answer).await.unwrap();
            sent += 1;
        }
        assert!(answer.ends_with(b"hello"));
        (self, sent)
    }
}

async fn serve<S>(app: S) -> Vec<Connection>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    let app = Shared::new(app);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(Connection::open(port).await);
    }
    connections
}

/// Requests a second.
async fn segment(connections: &mut Vec<Connection>) -> f64 {
    let start = Instant::now();
    let mut tasks: JoinSet<_> = connections
        .drain(..)
        .map(|connection| connection.run(start + SEGMENT))
        .collect();
    let mut all = 0;
    while let Some(done) = tasks.join_next().await {
        let (connection, sent) = done.unwrap();
        connections.push(connection);
        all += sent;
    }
    all as f64 / start.elapsed().as_secs_f64()
}

pub(crate) fn measure(report: &mut Report) {
    let rounds = report.rounds(100);
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let rates = runtime.block_on(async {
        let app = || Router::new().route("/", get(|| async { "hello" }));
        let slot = open_slot(());
        let around = ServiceBuilder::new()
            .layer(MapResponseBodyLayer::new(Body::new))
            .layer(PluginLayer::new(&slot))
            .service(app());
        let (in_flight, _counter) = InFlightRequestsLayer::pair();
        let mut servers = [
            serve(app()).await,
            serve(app().layer(PluginLayer::new(&slot))).await,
            serve(around).await,
            serve(app().layer(in_flight)).await,
            serve(app().layer(MapRequestLayer::new(|request: Request| request))).await,
            serve(app()).await,
        ];
        let mut rates = vec![Vec::new(); servers.len()];
        for round in 0..rounds {
            for i in order(servers.len(), round) {
                rates[i].push(segment(&mut servers[i]).await);
            }
        }
        rates
    });
    let ratio = |i: usize| {
        Spread::of(
            rates[i]
                .iter()
                .zip(&rates[0])
                .map(|(with, bare)| with / bare),
        )
    };
    report.note(&format!(
        "## axum over loopback\n\nwithout the layer {} requests a second; x that, not judged: \
         around the router and not on its routes {}, InFlightRequestsLayer {}, a layer that does \
         nothing {}, the control, without a layer again {}",
        Spread::of(rates[0].iter().copied()),
        ratio(2),
        ratio(3),
        ratio(4),
        ratio(5),
    ));
    report.at_least(
        "axum over loopback with the layer, x without",
        ratio(1),
        0.98,
        "",
    );
}
