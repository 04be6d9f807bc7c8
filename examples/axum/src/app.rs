use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tower_plugin::{PluginHandle, PluginLayer, PluginManager, SwapLayer};

use crate::admin;
use crate::leased::Leased;
use crate::plugins::{Plugins, Quotes, Reports};

#[derive(Clone)]
struct App {
    plugins: Plugins,
    tally: Arc<Tally>,
}

/// What became of the reports. Relaxed throughout: numbers to show.
#[derive(Default)]
struct Tally {
    finished: AtomicU64,
    given_up: AtomicU64,
}

impl FromRef<App> for PluginHandle<Quotes> {
    fn from_ref(app: &App) -> Self {
        app.plugins.quotes.clone()
    }
}

impl FromRef<App> for PluginHandle<Reports> {
    fn from_ref(app: &App) -> Self {
        app.plugins.reports.clone()
    }
}

impl FromRef<App> for Arc<Tally> {
    fn from_ref(app: &App) -> Self {
        Arc::clone(&app.tally)
    }
}

/// The routes with their plugins, and the administration beside them.
pub(crate) fn router(plugins: Plugins, manager: PluginManager) -> Router {
    let quote = get(quote).layer(PluginLayer::new(&plugins.quotes));
    let branding = SwapLayer::new(&plugins.branding);
    Router::new()
        .route("/quote", quote)
        .route("/reports", get(tally).post(report))
        .layer(branding)
        // Outside of every plugin, or disabling `branding` would lock its operator out.
        .nest("/admin", admin::router(manager))
        .with_state(App {
            plugins,
            tally: Arc::default(),
        })
}

async fn quote(Leased(quotes): Leased<Quotes>) -> String {
    quotes.instance().next()
}

/// Answers at once and works on with the lease: a drain waits for that, up to its deadline.
async fn report(
    Leased(reports): Leased<Reports>,
    State(tally): State<Arc<Tally>>,
) -> (StatusCode, &'static str) {
    tokio::spawn(async move {
        tokio::select! {
            () = tokio::time::sleep(reports.instance().work()) => {
                tally.finished.fetch_add(1, Ordering::Relaxed);
                reports.complete();
            }
            () = reports.cancelled() => {
                tally.given_up.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    (StatusCode::ACCEPTED, "being worked on")
}

async fn tally(State(tally): State<Arc<Tally>>) -> Json<Value> {
    let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
    Json(json!({"finished": count(&tally.finished), "given_up": count(&tally.given_up)}))
}
