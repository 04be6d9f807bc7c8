use std::time::SystemTime;

use http::request::Parts;
use http::{HeaderMap, Uri};
use serde::Serialize;

use super::handler::{Answer, Handler};
use super::{change, config};
use crate::PluginManager;
use crate::admin::problem::Problem;
use crate::admin::query::Query;
use crate::admin::respond;
use crate::time::to_unix;

#[derive(Serialize)]
struct Stamped<T> {
    timestamp: u64,
    #[serde(flatten)]
    shown: T,
}

fn stamped(shown: impl Serialize) -> Answer {
    let timestamp = to_unix(SystemTime::now());
    respond::json(&Stamped { timestamp, shown })
}

pub(super) async fn list(manager: &PluginManager, uri: &Uri) -> Answer {
    let plugin = Query::read(uri, &["plugin"])?.plugin()?;
    stamped(manager.history(&plugin).await?)
}

/// The config in force, or that of the version that the query names.
pub(super) async fn config(manager: &PluginManager, uri: &Uri, headers: &HeaderMap) -> Answer {
    let query = Query::read(uri, &["plugin", "version"])?;
    let plugin = query.plugin()?;
    let view = match query.number("version")? {
        Some(version) => manager.config_at(&plugin, version).await?,
        None => manager.config(&plugin)?,
    };
    config::show(&view, headers)
}

/// Against the config in force, unless the query says otherwise.
pub(super) async fn diff(manager: &PluginManager, uri: &Uri) -> Answer {
    let query = Query::read(uri, &["plugin", "from", "to"])?;
    let plugin = query.plugin()?;
    let from = query.number("from")?;
    let from = from.ok_or_else(|| Problem::invalid_query("say `from` which version"))?;
    let current = manager.config_version(&plugin)?.number();
    let to = query.number("to")?.unwrap_or(current);
    stamped(manager.diff(&plugin, from, to).await?)
}

impl Handler {
    pub(super) async fn rollback(&self, head: &Parts) -> Answer {
        let query = Query::read(&head.uri, &change::ROLLBACK_KEYS)?;
        let plugin = query.plugin()?;
        let to = query.number("version")?;
        let to = to.ok_or_else(|| Problem::invalid_query("say to which `version`"))?;
        let operation = self.manager.rollback(&plugin, to);
        self.carry_out(operation, &query, head).await
    }
}
