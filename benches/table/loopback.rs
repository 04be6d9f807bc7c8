//! axum over loopback, with the layer and without, in turns. Server and clients share a runtime;
//! the clients speak just enough HTTP/1 to cost next to nothing.

use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tower_plugin_benches::peers::open_slot;
use tower_plugin_gate::PluginLayer;

use crate::report::Report;
use crate::rounds::Spread;

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

async fn serve(app: Router) -> Vec<Connection> {
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
    let (ratios, rates) = runtime.block_on(async {
        let app = || Router::new().route("/", get(|| async { "hello" }));
        let slot = open_slot(());
        let mut servers = [
            serve(app()).await,
            serve(app().layer(PluginLayer::new(&slot))).await,
        ];
        let (mut ratios, mut rates) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            let mut pair = [0.0; 2];
            for i in if round % 2 == 0 { [0, 1] } else { [1, 0] } {
                pair[i] = segment(&mut servers[i]).await;
            }
            ratios.push(pair[1] / pair[0]);
            rates.push(pair[0]);
        }
        (ratios, rates)
    });
    report.note(&format!(
        "## axum over loopback\n\nwithout the layer {} requests a second",
        Spread::of(rates)
    ));
    report.at_least(
        "axum over loopback with the layer, x without",
        Spread::of(ratios),
        0.98,
        "",
    );
}
