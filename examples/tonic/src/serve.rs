use std::io;
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;
use tonic::service::LayerExt as _;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};
use tower_plugin::admin::{self, AdminService};
use tower_plugin::shutdown::{Shutdown, ShutdownHandle};
use tower_plugin::{BoxError, PluginLayer, PluginManager, ReloadStrategy};

use crate::statuses::Statuses;

/// How long it takes at most from a drain's timeout to the end.
const GRACE: Duration = Duration::from_secs(5);

/// Serves gRPC on `public`, and its administration to this machine on `admin`, until it is
/// `told` to stop. A drain waits for calls for `drain_timeout`.
///
/// # Errors
///
/// When nothing can be accepted on one of the listeners any more, nobody can be told to stop, or
/// what was left had to be given up.
pub async fn serve(
    public: TcpListener,
    admin: TcpListener,
    drain_timeout: Duration,
    told: impl FnOnce(Shutdown) -> io::Result<ShutdownHandle>,
) -> Result<(), BoxError> {
    let reporter = HealthReporter::new();
    let health = HealthServer::new(HealthService::from_health_reporter(reporter.clone()));

    let manager = PluginManager::builder()
        .drain_timeout(drain_timeout)
        .build()?;
    let statuses = manager
        .register("statuses", Statuses::new(reporter))
        .config(json!({"services": {"": true}}))
        .strategy(ReloadStrategy::Replace)
        .await?;
    // The service keeps its name, by which tonic routes calls to it. For a gate around all
    // services there is `Server::layer`.
    let health = PluginLayer::grpc(&statuses).named_layer(health);
    let admin_service = AdminService::builder(manager.clone())
        .insecure_loopback()
        .build();

    let shutdown = told(Shutdown::new(manager).deadline(drain_timeout + GRACE))?;
    let serving = Server::builder()
        .add_service(health)
        .serve_with_incoming_shutdown(TcpIncoming::from(public), shutdown.stopping());
    // Until then, so that the drain can be watched.
    let administering = admin::serve(admin, admin_service, shutdown.drained());
    let both = async { tokio::join!(serving, administering) };
    let (served, administered) = shutdown.bound(both).await?;
    served?;
    Ok(administered?)
}
