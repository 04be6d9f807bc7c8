use std::sync::Arc;

use axum::{Router, serve::Listener};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::connection;

/// How many connections are served at a time; further ones wait to be accepted. With those of the
/// administration it stays below the 1024 files that a process may usually have open.
const MAX_CONNECTIONS: usize = 700;

/// Serves `app` until `stopping`, then finishes the requests that are under way.
pub(super) async fn serve(mut listener: TcpListener, app: Router, stopping: CancellationToken) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let connections = TaskTracker::new();
    loop {
        let next = async {
            let place = Arc::clone(&room).acquire_owned().await;
            let place = place.expect("the semaphore is never closed");
            // Where the system is out of resources, this waits.
            (place, Listener::accept(&mut listener).await)
        };
        let (place, (stream, peer)) = tokio::select! {
            () = stopping.cancelled() => break,
            next = next => next,
        };
        // Answers are waited for.
        let _ = stream.set_nodelay(true);
        let connection = connection::serve(stream, peer, app.clone(), stopping.clone());
        connections.spawn(async move {
            connection.await;
            drop(place);
        });
    }
    drop(listener);
    tracing::info!(open = connections.len(), "no more connections are accepted");
    connections.close();
    connections.wait().await;
}
