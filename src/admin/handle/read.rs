use std::time::SystemTime;

use http::Uri;
use serde_json::json;

use super::handler::Answer;
use crate::PluginManager;
use crate::admin::problem::Problem;
use crate::admin::query::Query;
use crate::admin::{query, respond};
use crate::time::to_unix;

pub(super) fn status(manager: &PluginManager, uri: &Uri) -> Answer {
    query::none(uri)?;
    respond::json(&manager.status())
}

pub(super) fn list(manager: &PluginManager, uri: &Uri) -> Answer {
    query::none(uri)?;
    respond::json(&manager.list())
}

pub(super) fn health(manager: &PluginManager, uri: &Uri) -> Answer {
    query::none(uri)?;
    respond::json(&manager.health())
}

pub(super) fn schema(manager: &PluginManager, plugin: &str) -> Answer {
    let Some(schema) = manager.config_schema(plugin)? else {
        return Err(Problem::no_schema(plugin));
    };
    let timestamp = to_unix(SystemTime::now());
    respond::json(&json!({"plugin": plugin, "schema": schema, "timestamp": timestamp}))
}

pub(super) fn requests(manager: &PluginManager, uri: &Uri) -> Answer {
    let query = Query::read(uri, &["plugin", "limit"])?;
    let plugin = query.plugin()?;
    let limit = query.limit()?;
    respond::json(&manager.requests(&plugin, limit)?)
}
