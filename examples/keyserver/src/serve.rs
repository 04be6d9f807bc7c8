//! From the command line to sockets and back.

use std::{
    io::{self, Write},
    net::SocketAddr,
    sync::Arc,
};

use tokio::{net::TcpListener, signal};
use tower_http::trace::TraceLayer;

use crate::{
    cli::Args,
    hkp::{self, KeyServer},
    keys::Limits,
};

/// Serves until it is told to stop, then lets the requests that are under way finish.
///
/// # Errors
///
/// When an address cannot be listened on.
pub async fn run(args: &Args) -> io::Result<()> {
    let listener = bind(args.listen).await?;
    announce("listening on", listener.local_addr()?)?;
    let server = Arc::new(KeyServer::new(Limits::default()));
    let app = hkp::router(server).layer(TraceLayer::new_for_http());
    axum::serve(listener, app)
        .with_graceful_shutdown(stop_signal())
        .await
}

async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
    })
}

/// Tells on stdout, for people and for programs that started this one with port 0.
fn announce(what: &str, address: SocketAddr) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{what} http://{address}")?;
    stdout.flush()
}

/// Returns on Ctrl-C and on SIGTERM.
async fn stop_signal() {
    let interrupted = async {
        if let Err(error) = signal::ctrl_c().await {
            tracing::warn!(%error, "ctrl-c will not stop the server in order");
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = interrupted => {}
        () = terminated() => {}
    }
    tracing::info!("stopping");
}

#[cfg(unix)]
async fn terminated() {
    match signal::unix::signal(signal::unix::SignalKind::terminate()) {
        Ok(mut terminated) => {
            terminated.recv().await;
        }
        Err(error) => {
            tracing::warn!(%error, "SIGTERM will not stop the server in order");
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending::<()>().await;
}
