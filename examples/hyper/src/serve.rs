use std::io;
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;
use tower_plugin::admin::{self, AdminService};
use tower_plugin::shutdown::{Shutdown, ShutdownHandle};
use tower_plugin::{BoxError, PluginManager, ReloadStrategy, SwapService};

use crate::{Greeting, connections};

/// Serves the greeting on `public`, and its administration to this machine on `admin`, until
/// it is `told` to stop.
///
/// # Errors
///
/// When nothing can be accepted on `admin` any more, nobody can be told to stop, or what was left
/// had to be given up.
pub async fn serve(
    public: TcpListener,
    admin: TcpListener,
    told: impl FnOnce(Shutdown) -> io::Result<ShutdownHandle>,
) -> Result<(), BoxError> {
    let manager = PluginManager::builder()
        .drain_timeout(Duration::from_secs(10))
        .build()?;
    let greeting = manager
        .register("greeting", Greeting)
        .config(json!({"text": "hello"}))
        .strategy(ReloadStrategy::Replace)
        .await?;
    let admin_service = AdminService::builder(manager.clone())
        .insecure_loopback()
        .build();

    let shutdown = told(Shutdown::new(manager).deadline(Duration::from_secs(15)))?;
    let service = SwapService::new(&greeting);
    let serving = connections::serve(public, service, shutdown.stopping_token());
    // Until then, so that the drain can be watched.
    let administering = admin::serve(admin, admin_service, shutdown.drained());
    let both = async { tokio::join!(serving, administering) };
    let ((), administered) = shutdown.bound(both).await?;
    Ok(administered?)
}
