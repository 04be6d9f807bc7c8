use std::fmt;
use std::sync::Arc;

use http::Extensions;

/// Request extension: who sends a request, as it is shown in history, operations, events and the
/// log beside what the request changes.
///
/// By default that is the name of the [token](super::AdminServiceBuilder::named_token) that was
/// sent, or `admin` for a token without a name and where none is needed. A server that knows
/// better, because it or a proxy before it has authenticated a person, puts this into the request;
/// it then counts before the token's name. It lets nobody in: the token is asked for all the same.
///
/// No header is looked at: whoever sends a request can write into its headers what they like. Take
/// a name from one only where your proxy sets it and nobody gets past the proxy.
///
/// ```
/// use axum::extract::Request;
/// use axum::{Router, middleware};
/// use tower_plugin::PluginManager;
/// use tower_plugin::admin::{Actor, AdminService};
///
/// async fn add_actor(mut request: Request, next: middleware::Next) -> axum::response::Response {
///     // Set by the proxy, which removes what clients send under that name.
///     let user = request.headers().get("x-forwarded-user");
///     if let Some(user) = user.and_then(|user| user.to_str().ok()) {
///         let actor = Actor::new(user);
///         request.extensions_mut().insert(actor);
///     }
///     next.run(request).await
/// }
///
/// let admin = AdminService::builder(PluginManager::new()).bearer_token("of the proxy").build();
/// let app: Router = Router::new()
///     .nest_service("/admin", admin)
///     .layer(middleware::from_fn(add_actor));
/// # let _ = app;
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Actor(Arc<str>);

impl Actor {
    /// Somebody of this name. The empty name is nobody's, and counts as if there were none.
    ///
    /// ```
    /// use tower_plugin::admin::Actor;
    ///
    /// assert_eq!(Actor::new("alice").name(), "alice");
    /// ```
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }

    /// Whoever is let in without having a name.
    pub(super) fn unnamed() -> Self {
        Self::new("admin")
    }

    /// Who sends a request that has passed the guard.
    pub(super) fn of(extensions: &Extensions) -> Option<&Self> {
        let actor = extensions.get::<Self>();
        actor.filter(|actor| !actor.0.is_empty())
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
