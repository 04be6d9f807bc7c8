use std::sync::Arc;

use axum::{Router, serve::Listener};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::connection;

/// How many connections are served at a time; further ones wait to be accepted. Below what a
/// process may usually have open, which is 1024.
const MAX_CONNECTIONS: usize = 900;

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
        let connection = connection::serve(stream, peer, app.clone(), stopping.clone());
        connections.spawn(async move {
            connection.await;
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}
