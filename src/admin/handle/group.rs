use std::time::SystemTime;

use http::request::Parts;
use serde_json::{Map, Value, json};

use super::change::cause;
use super::handler::{Answer, Handler};
use super::precondition;
use crate::admin::prefer;
use crate::admin::problem::{Code, Form, Problem};
use crate::admin::query::Query;
use crate::admin::{Actor, respond};
use crate::time::to_unix;
use crate::{GroupHandle, GroupOutcome, GroupReport, PluginResult};

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
        self.follow(reload.cascade().start()?, head).await
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
        self.follow(reload.start()?, head).await
    }

    /// Answers when it is done or, for who prefers that, at once. One with a plugin that goes into a
    /// trial is answered then, for who asked for it may be the one to decide that.
    async fn follow(&self, group: GroupHandle, head: &Parts) -> Answer {
        let is_async = prefer::is_async(&head.headers);
        if !is_async {
            group.on_trial().await;
        }
        let info = group.info();
        if is_async || info.result.is_none() {
            return self.accepted(group.id(), &info, is_async);
        }
        respond::json(&told(group.await?)?)
    }
}

/// The answer to an operation on several plugins: 200 only where none failed, otherwise the status
/// and the code of the first that did, or 409 and the like where all were refused, with what became
/// of each.
pub(super) fn told(report: GroupReport) -> Result<Value, Problem> {
    let GroupReport {
        outcome,
        results,
        duration,
        ..
    } = report;
    let (total, mut failures) = (results.len(), 0);
    let mut codes: Vec<Code> = Vec::new();
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
                codes.push(problem.code());
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
        return Ok(json!({
            "status": "success",
            "message": match total {
                1 => "1 plugin, which did not fail".to_owned(),
                _ => format!("{total} plugins, none of which failed"),
            },
            "outcome": outcome.as_str(),
            "results": shown,
            "duration_ms": duration,
            "timestamp": to_unix(SystemTime::now()),
        }));
    }
    // Refused is only what has changed nothing.
    let failed = codes.iter().find(|code| code.status().is_server_error());
    let refused = codes.first().filter(|_| outcome != GroupOutcome::Partial);
    let code = *failed.or(refused).unwrap_or(&Code::RELOAD_FAILED);
    let message = format!("{failures} of {total} plugins failed: see `results` for each");
    let problem = Problem::new(code, message)
        .with("outcome", outcome.as_str())
        .with("results", shown)
        .with("duration_ms", duration);
    Err(problem)
}
