use tower_layer::Layer;

use super::LingerService;

/// Lets clients read an answer that comes before their upload is through, over HTTP/1.
///
/// A service that answers without having read the whole request, as a plugin does that rejects,
/// makes an HTTP/1 server close the connection. What the client still sends then meets a closed
/// socket, and many a client reports the broken pipe and never looks at the answer. Around such
/// services, this layer sends the head at once and goes on reading, and throwing away, what is
/// uploaded; the response body follows.
///
/// It costs an allocation for each HTTP/1 request with a body, and nothing for any other.
/// HTTP/2 needs none of it, and who sends `Expect: 100-continue` is never asked to continue.
/// How slow a client may be is the server's to bound, for instance by a timeout around the
/// request body.
///
/// ```
/// use axum::{Router, routing::post};
/// use tower_plugin_gate::{LingerLayer, PluginLayer, PluginState, Slot};
///
/// let slot = Slot::<()>::new("zerotrust", PluginState::Loading);
/// let router: Router = Router::new()
///     .route("/pks/add", post(|body: String| async move { body.len().to_string() }))
///     .layer(PluginLayer::new(&slot))
///     .layer(LingerLayer::new().max_bytes(1 << 20));
/// # drop(router);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct LingerLayer {
    max_bytes: u64,
}

impl Default for LingerLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl LingerLayer {
    /// A layer that reads at most 64 MiB of an upload that nobody wants.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_bytes: 64 << 20,
        }
    }

    /// Sets how many bytes of an upload are read at most after the answer. Default: 64 MiB.
    #[must_use]
    pub const fn max_bytes(mut self, max_bytes: u64) -> Self {
        self.max_bytes = max_bytes;
        self
    }
}

impl<S> Layer<S> for LingerLayer {
    type Service = LingerService<S>;

    fn layer(&self, inner: S) -> LingerService<S> {
        LingerService::new(inner, self.max_bytes)
    }
}
