use std::fmt;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::accept::next_connection;
use super::connection::{Timeouts, serve_connection};
use crate::admin::AdminService;

/// Serves an [`AdminService`] over HTTP/1 and HTTP/2 until `shutdown` completes, with the defaults
/// of a [`Server`].
///
/// Dropping the future ends every connection at once; operations under way go on to their end.
///
/// ```no_run
/// use tokio::net::TcpListener;
/// use tower_plugin::PluginManager;
/// use tower_plugin::admin::{self, AdminService};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
/// let admin = AdminService::builder(PluginManager::new()).insecure_loopback().build();
/// let listener = TcpListener::bind("127.0.0.1:11372").await?;
/// let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
/// admin::serve(listener, admin, async { _ = stopped.await }).await?;
/// # drop(stop);
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// When nothing can be accepted on the listener any more, which is not when the process is out of
/// file descriptors: that is waited out.
pub async fn serve(
    listener: TcpListener,
    admin: AdminService,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    Server::new(listener, admin).run(shutdown).await
}

/// A server for an [`AdminService`] alone, with bounds on what a client can hold up.
///
/// ```no_run
/// use std::time::Duration;
/// use tokio::net::TcpListener;
/// use tower_plugin::PluginManager;
/// use tower_plugin::admin::{AdminService, Server};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
/// let admin = AdminService::builder(PluginManager::new()).insecure_loopback().build();
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// Server::new(listener, admin)
///     .max_connections(16)
///     .idle_timeout(Duration::from_secs(2))
///     .run(std::future::pending())
///     .await?;
/// # Ok(()) }
/// ```
#[must_use = "a server does nothing until run"]
pub struct Server {
    listener: TcpListener,
    admin: AdminService,
    max_connections: usize,
    timeouts: Timeouts,
    shutdown_timeout: Duration,
}

impl Server {
    /// A server on a listener that is bound already.
    pub fn new(listener: TcpListener, admin: AdminService) -> Self {
        let timeouts = Timeouts {
            idle: Duration::from_secs(10),
        };
        Self {
            listener,
            admin,
            max_connections: 256,
            timeouts,
            shutdown_timeout: Duration::from_secs(10),
        }
    }

    /// How many connections are served at a time; further ones wait to be accepted. Default: 256;
    /// at least 1.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// How long a connection may be without a request that is being answered, and how long the
    /// head of a request may take, before the connection is closed. Default: 10 s.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.idle = timeout;
        self
    }

    /// How long requests are waited for at shutdown. Their operations go on to their end when
    /// nobody waits for the answer any more. Default: 10 s.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.shutdown_timeout = timeout;
        self
    }

    /// Serves until `shutdown` completes, then finishes what was begun.
    ///
    /// # Errors
    ///
    /// As [`serve`].
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let Self {
            listener,
            admin,
            max_connections,
            timeouts,
            shutdown_timeout,
        } = self;
        let mut shutdown = pin!(shutdown);
        let stopping = CancellationToken::new();
        let room = Arc::new(Semaphore::new(max_connections));
        let mut connections = JoinSet::new();
        let ended = loop {
            let accepted = tokio::select! {
                () = &mut shutdown => break Ok(()),
                // Keeps the set no larger than there are connections.
                Some(_) = connections.join_next() => continue,
                accepted = next_connection(&room, || listener.accept()) => accepted,
            };
            let (room, (stream, peer)) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => break Err(error),
            };
            let connection =
                serve_connection(stream, peer, admin.clone(), timeouts, stopping.clone());
            connections.spawn(async move {
                connection.await;
                drop(room);
            });
        };
        drop(listener);
        stopping.cancel();
        let left = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(shutdown_timeout, left).await.is_err() {
            tracing::warn!("admin connections closed while requests were being answered");
        }
        ended
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("listener", &self.listener)
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}
