use std::time::SystemTime;

use http::StatusCode;
use http::request::Parts;
use serde_json::{Map, Value, json};

use super::change::cause;
use super::handler::{Answer, Handler};
use super::precondition;
use crate::admin::problem::{Form, Problem};
use crate::admin::query::Query;
use crate::admin::{Actor, respond};
use crate::time::to_unix;
use crate::{GroupReport, PluginResult};

/// What the query of a reload may say.
const KEYS: [&str; 10] = [
    "plugin",
    "wait",
    "dry_run",
    "cause",
    "cascade",
    "probation",
    "confirm_within",
    "max_error_rate",
    "min_requests",
    "canary",
];

impl Handler {
    /// Reloads one plugin, and those that depend on it where the query says `cascade=true`.
    pub(super) async fn reload(&self, head: &Parts) -> Answer {
        let query = Query::read(&head.uri, &KEYS)?;
        let reload = self.manager.reload(&query.plugin()?);
        if !query.flag("cascade")? {
            return self.carry_out(reload, &query, head).await;
        }
        let (reload, _) = self.with_options(reload, &query, head)?;
        answer(reload.cascade().await?)
    }
}

impl Handler {
    /// Reloads every plugin, or those that the query names.
    pub(super) async fn reload_all(&self, head: &Parts) -> Answer {
        let query = Query::read(&head.uri, &["plugin", "all_or_nothing", "wait", "cause"])?;
        precondition::refuse(&head.headers)?;
        let mut reload = self.manager.reload_all();
        if let Some(actor) = Actor::of(&head.extensions) {
            reload = reload.actor(actor.name());
        }
        let plugins = query.all("plugin");
        if !plugins.is_empty() {
            reload = reload.only(plugins);
        }
        if query.flag("all_or_nothing")? {
            reload = reload.all_or_nothing();
        }
        if let Some(limit) = query.duration("wait")? {
            reload = reload.wait(limit);
        }
        if let Some(cause) = cause(&query)? {
            reload = reload.cause(cause);
        }
        answer(reload.await?)
    }
}

/// The answer to an operation on several plugins: 200 only where none failed, otherwise the status
/// and the code of the first that did, with what became of each.
fn answer(report: GroupReport) -> Answer {
    let GroupReport {
        outcome,
        results,
        duration,
        ..
    } = report;
    let (total, mut failures, mut first) = (results.len(), 0, None);
    let mut shown = Vec::with_capacity(total);
    for result in results {
        failures += usize::from(result.is_failure());
        let plugin = Value::from(result.plugin());
        let mut members = match result {
            PluginResult::Done(report) => match json!(report) {
                Value::Object(members) => members,
                _ => Map::new(),
            },
            PluginResult::Failed(error) => {
                let problem = Problem::from(error);
                first.get_or_insert_with(|| problem.clone());
                Form::Plain.members(problem)
            }
            PluginResult::Skipped { reason, .. } => {
                let skipped = [("outcome", "skipped".to_owned()), ("message", reason)];
                let members = skipped.map(|(name, text)| (name.to_owned(), text.into()));
                Map::from_iter(members)
            }
        };
        members.insert("plugin".to_owned(), plugin);
        shown.push(Value::Object(members));
    }
    let duration = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if failures == 0 {
        return respond::json(&json!({
            "status": "success",
            "message": format!("{total} plugins, none of which failed"),
            "outcome": outcome.as_str(),
            "results": shown,
            "duration_ms": duration,
            "timestamp": to_unix(SystemTime::now()),
        }));
    }
    let status = first
        .as_ref()
        .map_or(StatusCode::INTERNAL_SERVER_ERROR, Problem::status);
    let code = first.map_or("reload_failed", |problem| problem.code());
    let message = format!("{failures} of {total} plugins failed: see `results` for each");
    let problem = Problem::new(status, code, message)
        .with("outcome", outcome.as_str())
        .with("results", shown)
        .with("duration_ms", duration);
    Err(problem)
}
