use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_plugin::{BoxError, PluginManager};

use crate::app;
use crate::plugins::Plugins;

/// Serves the application until `shutdown` completes. A drain waits for requests, and for work in
/// the background, for `drain_timeout`.
///
/// # Errors
///
/// None at present.
pub async fn serve(
    listener: TcpListener,
    drain_timeout: Duration,
    shutdown: impl Future<Output = ()>,
) -> Result<(), BoxError> {
    let manager = PluginManager::builder()
        .drain_timeout(drain_timeout)
        .build()?;
    let plugins = Plugins::register(&manager).await?;
    let app = app::router(plugins, manager.clone());

    let stopping = CancellationToken::new();
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    let serving =
        axum::serve(listener, service).with_graceful_shutdown(stopping.clone().cancelled_owned());
    let ending = async {
        shutdown.await;
        stopping.cancel();
        manager.shutdown().await;
    };
    let (served, ()) = tokio::join!(serving.into_future(), ending);
    Ok(served?)
}
