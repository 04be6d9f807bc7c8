use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tower_service::Service as _;

use crate::admin::{AdminService, PeerAddr};

/// How long a connection that is told to end may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy)]
pub(super) struct Timeouts {
    pub(super) idle: Duration,
}

/// Serves one connection until the client ends it, it is idle for too long, or `stopping`.
pub(super) async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    admin: AdminService,
    timeouts: Timeouts,
    stopping: CancellationToken,
) {
    // Answers are small and waited for.
    let _ = stream.set_nodelay(true);
    let (requests, mut in_flight) = watch::channel(0_usize);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(PeerAddr(peer));
        let answer = admin.clone().call(request);
        let counted = Counted::new(requests.clone());
        async move {
            let answer = answer.await;
            drop(counted);
            answer
        }
    });
    let builder = builder(timeouts.idle);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        ended = connection.as_mut() => {
            if let Err(error) = ended {
                tracing::debug!(%error, %peer, "admin connection failed");
            }
            return;
        }
        () = idle(&mut in_flight, timeouts.idle) => {}
        () = stopping.cancelled() => {}
    }
    connection.as_mut().graceful_shutdown();
    // What is being answered is answered, however long it takes: the server has the deadline.
    tokio::select! {
        _ = connection => {}
        () = idle(&mut in_flight, GOODBYE) => {}
    }
}

fn builder(head_timeout: Duration) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(64);
    builder
}

/// Completes when no request has been in flight for `after`. It holds for connections on which
/// nothing ever arrives, too, before it is known which HTTP they speak.
async fn idle(in_flight: &mut watch::Receiver<usize>, after: Duration) {
    if until_idle(in_flight, after).await.is_err() {
        // There is no service left: the connection is about to end by itself.
        std::future::pending::<()>().await;
    }
}

async fn until_idle(
    in_flight: &mut watch::Receiver<usize>,
    after: Duration,
) -> Result<(), watch::error::RecvError> {
    loop {
        in_flight.wait_for(|requests| *requests == 0).await?;
        match tokio::time::timeout(after, in_flight.changed()).await {
            Ok(another) => another?,
            Err(_) => return Ok(()),
        }
    }
}

/// A request being answered.
struct Counted(watch::Sender<usize>);

impl Counted {
    fn new(requests: watch::Sender<usize>) -> Self {
        requests.send_modify(|requests| *requests += 1);
        Self(requests)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|requests| *requests -= 1);
    }
}
