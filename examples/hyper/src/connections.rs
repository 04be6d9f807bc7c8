use std::time::Duration;

use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_plugin::BoxError;
use tower_service::Service;

/// How long to wait before accepting again when the system has no resources for it.
const PAUSE: Duration = Duration::from_secs(1);

/// Serves HTTP/1 and HTTP/2 until `stopping`, then finishes the requests that are under way.
pub(crate) async fn serve<S, B>(listener: TcpListener, service: S, stopping: CancellationToken)
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let server = auto::Builder::new(TokioExecutor::new());
    let open = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let service = TowerToHyperService::new(service.clone());
        let connection = server.serve_connection(TokioIo::new(stream), service);
        // That a connection breaks is its client's affair.
        tokio::spawn(open.watch(connection.into_owned()));
    }
    drop(listener);
    open.shutdown().await;
}
