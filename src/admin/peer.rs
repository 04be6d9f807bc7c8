use std::net::SocketAddr;

/// Request extension: where the client is.
///
/// [`insecure_loopback`](super::AdminServiceBuilder::insecure_loopback) needs it, and refuses
/// requests without. [`serve`](super::serve()) adds it; any other server must. No header is looked
/// at: whoever sends a request can write into its headers what they like.
///
/// With axum, which knows it as `ConnectInfo`:
///
/// ```
/// use std::net::SocketAddr;
/// use axum::extract::{ConnectInfo, Request};
/// use axum::{Router, middleware};
/// use tower_plugin::PluginManager;
/// use tower_plugin::admin::{AdminService, PeerAddr};
///
/// async fn add_peer(
///     ConnectInfo(peer): ConnectInfo<SocketAddr>,
///     mut request: Request,
///     next: middleware::Next,
/// ) -> axum::response::Response {
///     request.extensions_mut().insert(PeerAddr(peer));
///     next.run(request).await
/// }
///
/// let admin = AdminService::builder(PluginManager::new()).insecure_loopback().build();
/// let app = Router::new()
///     .nest_service("/admin", admin)
///     .layer(middleware::from_fn(add_peer))
///     .into_make_service_with_connect_info::<SocketAddr>();
/// # let _ = app;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PeerAddr(
    /// The address of the connection's other end.
    pub SocketAddr,
);

impl PeerAddr {
    /// Whether the client is on this machine, over IPv4, IPv6, or IPv4 written as IPv6.
    ///
    /// ```
    /// use tower_plugin::admin::PeerAddr;
    ///
    /// assert!(PeerAddr("[::ffff:127.0.0.1]:9".parse().unwrap()).is_loopback());
    /// assert!(!PeerAddr("192.0.2.1:9".parse().unwrap()).is_loopback());
    /// ```
    #[must_use]
    pub fn is_loopback(self) -> bool {
        self.0.ip().to_canonical().is_loopback()
    }
}
