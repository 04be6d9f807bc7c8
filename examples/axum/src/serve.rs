use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use tower_plugin::shutdown::{Shutdown, ShutdownHandle};
use tower_plugin::{BoxError, PluginManager};

use crate::app;
use crate::plugins::Plugins;

/// How long it takes at most from a drain's timeout to the end.
const GRACE: Duration = Duration::from_secs(5);

/// Serves the application until it is `told` to stop. A drain waits for requests, and for work in
/// the background, for `drain_timeout`.
///
/// # Errors
///
/// When nobody can be told to stop, and when what was left had to be given up.
pub async fn serve(
    listener: TcpListener,
    drain_timeout: Duration,
    told: impl FnOnce(Shutdown) -> io::Result<ShutdownHandle>,
) -> Result<(), BoxError> {
    let manager = PluginManager::builder()
        .drain_timeout(drain_timeout)
        .build()?;
    let plugins = Plugins::register(&manager).await?;
    let app = app::router(plugins, manager.clone());

    let shutdown = told(Shutdown::new(manager).deadline(drain_timeout + GRACE))?;
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(shutdown.stopping());
    shutdown.bound(serving).await??;
    shutdown.finished().await?;
    Ok(())
}
