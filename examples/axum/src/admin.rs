use std::net::SocketAddr;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{self, Next};
use axum::response::Response;
use tower_plugin::PluginManager;
use tower_plugin::admin::{AdminService, PeerAddr};

/// The administration. It is on the listener of everybody, and without a token: only clients on
/// this machine are answered, whatever path they come by. Behind a proxy that would be everybody:
/// use `bearer_token` there.
pub(crate) fn router<S: Clone + Send + Sync + 'static>(manager: PluginManager) -> Router<S> {
    let admin = AdminService::builder(manager).insecure_loopback().build();
    Router::new()
        .fallback_service(admin)
        .layer(middleware::from_fn(add_peer))
}

/// Tells the service where the client is, in its own words.
async fn add_peer(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    request.extensions_mut().insert(PeerAddr(peer));
    next.run(request).await
}
