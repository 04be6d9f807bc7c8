use http::Uri;
use serde_json::json;

use super::handler::Answer;
use crate::PluginManager;
use crate::admin::problem::Problem;
use crate::admin::{query, respond};

/// The server answers, so it lives: plugins have no say in that, for restarting the server heals
/// none of them.
pub(super) fn livez(uri: &Uri) -> Answer {
    query::none(uri)?;
    respond::json(&json!({"status": "live"}))
}

/// Whether the server should be given traffic; why not, only for who may read.
pub(super) fn readyz(manager: &PluginManager, uri: &Uri, may_read: bool) -> Answer {
    query::none(uri)?;
    if manager.is_ready() {
        return respond::json(&json!({"status": "ready"}));
    }
    Err(Problem::not_ready(may_read.then(|| manager.not_serving())))
}
