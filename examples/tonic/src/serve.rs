use std::future::Future;
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::service::LayerExt as _;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};
use tower_plugin::admin::{self, AdminService};
use tower_plugin::{BoxError, PluginLayer, PluginManager, ReloadStrategy};

use crate::statuses::Statuses;

/// Serves gRPC on `public`, and its administration to this machine on `admin`, until `shutdown`
/// completes. A drain waits for calls for `drain_timeout`.
///
/// # Errors
///
/// When nothing can be accepted on one of the listeners any more.
pub async fn serve(
    public: TcpListener,
    admin: TcpListener,
    drain_timeout: Duration,
    shutdown: impl Future<Output = ()>,
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

    let (stopping, drained) = (CancellationToken::new(), CancellationToken::new());
    let serving = Server::builder()
        .add_service(health)
        .serve_with_incoming_shutdown(
            TcpIncoming::from(public),
            stopping.clone().cancelled_owned(),
        );
    let administering = admin::serve(admin, admin_service, drained.clone().cancelled_owned());
    let ending = async {
        shutdown.await;
        stopping.cancel();
        manager.shutdown().await;
        // Only now, so that the drain can be watched.
        drained.cancel();
    };
    let (served, administered, ()) = tokio::join!(serving, administering, ending);
    served?;
    Ok(administered?)
}
