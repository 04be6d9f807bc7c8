use std::future::Future;
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_plugin::admin::{self, AdminService};
use tower_plugin::{BoxError, PluginManager, ReloadStrategy, SwapService};

use crate::{Greeting, connections};

/// Serves the greeting on `public`, and its administration to this machine on `admin`, until
/// `shutdown` completes.
///
/// # Errors
///
/// When nothing can be accepted on `admin` any more.
pub async fn serve(
    public: TcpListener,
    admin: TcpListener,
    shutdown: impl Future<Output = ()>,
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

    let (stopping, drained) = (CancellationToken::new(), CancellationToken::new());
    let serving = connections::serve(public, SwapService::new(&greeting), stopping.clone());
    let administering = admin::serve(admin, admin_service, drained.clone().cancelled_owned());
    let ending = async {
        shutdown.await;
        stopping.cancel();
        manager.shutdown().await;
        // Only now, so that the drain can be watched.
        drained.cancel();
    };
    let ((), administered, ()) = tokio::join!(serving, administering, ending);
    Ok(administered?)
}
