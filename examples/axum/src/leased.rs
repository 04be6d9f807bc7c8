use axum::body::Body;
use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use tower_plugin::gate::Answer;
use tower_plugin::{Lease, PluginHandle, Rejected};

/// Extractor: a lease on the instance that serves, from the handle in the router's state.
///
/// The request, and whatever the handler gives the lease to, is inside the plugin for as long as
/// the lease is held: a drain waits for it. So this needs no
/// [`PluginLayer`](tower_plugin::PluginLayer) around it; that one counts until the response body
/// has ended, which a handler cannot see.
#[derive(Debug)]
pub(crate) struct Leased<T>(pub(crate) Lease<T>);

impl<S, T> FromRequestParts<S> for Leased<T>
where
    S: Sync,
    T: Send + Sync + 'static,
    PluginHandle<T>: FromRef<S>,
{
    type Rejection = Unavailable;

    async fn from_request_parts(_: &mut Parts, state: &S) -> Result<Self, Unavailable> {
        let plugin = PluginHandle::from_ref(state);
        plugin.enter().map(Self).map_err(Unavailable)
    }
}

/// The plugin serves nobody just now: answered as the library's layers answer it, 503 with
/// `Retry-After`.
#[derive(Debug)]
pub(crate) struct Unavailable(Rejected);

impl IntoResponse for Unavailable {
    fn into_response(self) -> Response {
        Answer::default().rejection::<Body>(&self.0).map(Body::new)
    }
}
