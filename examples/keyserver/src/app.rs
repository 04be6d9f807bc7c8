//! The routes of the server, with its plugins around them.

use std::sync::Arc;

use axum::{Router, http::StatusCode, routing::any};
use tower_http::trace::{DefaultOnFailure, TraceLayer};
use tower_plugin::{SwapLayer, SwapService};
use tracing::Level;

use crate::{
    hkp::{self, KeyServer},
    plugins::Plugins,
};

/// What no honest client asks a key server for.
pub const HONEYPOTS: [&str; 3] = ["/.env", "/wp-admin", "/.git/config"];

/// The whole server. Requests must have the extension `ConnectInfo<SocketAddr>`.
///
/// Every request to `/pks/` passes `ratelimit-geo`, those to `/pks/add` also `zerotrust`; the
/// honeypots are served by `ratelimit-tarpit`. None of the plugins is known here by more than its
/// handle, and none has to run: where one does not, what it guards is answered 503.
pub fn router(server: Arc<KeyServer>, plugins: &Plugins) -> Router {
    let add = hkp::add_routes(server.clone()).route_layer(SwapLayer::new(&plugins.zerotrust));
    let pks = hkp::lookup_routes(server)
        .merge(add)
        .route("/pks/{*other}", any(StatusCode::NOT_FOUND))
        .route_layer(SwapLayer::new(&plugins.ratelimit_geo));
    let tarpit = SwapService::new(&plugins.tarpit);
    HONEYPOTS
        .into_iter()
        .fold(pks, |app, path| app.route_service(path, tarpit.clone()))
        .merge(hkp::page_routes())
        // A plugin that does not serve is no failure of this server.
        .layer(TraceLayer::new_for_http().on_failure(DefaultOnFailure::new().level(Level::DEBUG)))
        // Has the layers applied now, once, and not for each connection.
        .with_state(())
}
