use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    routing::{get, post},
};
use tower_http::timeout::TimeoutLayer;

use super::{KeyServer, MAX_BODY_BYTES, add, lookup, page, stats};

/// How long a submission may take from its head to its answer.
const ADD_TIMEOUT: Duration = Duration::from_secs(30);

/// All routes, without any layer of a plugin.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use keyserver::{hkp::{self, KeyServer}, keys::Limits};
///
/// let server = Arc::new(KeyServer::new(Limits::default()));
/// let app: axum::Router = hkp::router(server);
/// ```
pub fn router(server: Arc<KeyServer>) -> Router {
    Router::new()
        .merge(lookup_routes(server.clone()))
        .merge(add_routes(server))
        .merge(page_routes())
}

/// `/pks/lookup` and `/pks/stats`.
pub fn lookup_routes(server: Arc<KeyServer>) -> Router {
    Router::new()
        .route("/pks/lookup", get(lookup::lookup))
        .route("/pks/stats", get(stats::stats))
        .with_state(server)
}

/// `/pks/add`, apart from the others so that it can have layers of its own.
pub fn add_routes(server: Arc<KeyServer>) -> Router {
    Router::new()
        .route("/pks/add", post(add::add))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            ADD_TIMEOUT,
        ))
        .with_state(server)
}

/// The page at `/`, with a form for each of the above.
pub fn page_routes() -> Router {
    Router::new().route("/", get(page::home))
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        pin::Pin,
        task::{Context, Poll},
    };

    use axum::{body::Body, http::Request};
    use bytes::Bytes;
    use http_body::Frame;
    use tower::ServiceExt;

    use super::*;
    use crate::keys::Limits;

    /// What a client sends that stopped in the middle.
    struct Stalled;

    impl http_body::Body for Stalled {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Pending
        }
    }

    #[tokio::test(start_paused = true)]
    async fn submission_that_stalls_is_given_up() {
        let request = Request::post("/pks/add")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::new(Stalled))
            .unwrap();
        let app = router(Arc::new(KeyServer::new(Limits::default())));
        let response = app.oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    }
}
