use std::time::SystemTime;

use http::header::{ETAG, LOCATION};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;

use super::handler::{Answer, Handler};
use super::precondition;
use crate::admin::prefer::{self, PREFERENCE_APPLIED, RESPOND_ASYNC};
use crate::admin::problem::Problem;
use crate::admin::query::{self, Query};
use crate::admin::{Actor, etag, respond};
use crate::gate::Share;
use crate::lifecycle::Trigger;
use crate::manager::aborted;
use crate::time::to_unix;
use crate::{ConfigVersion, OperationBuilder, OperationId, PluginManager, ReloadReport};

/// What the query of a change may say.
pub(super) const KEYS: [&str; 4] = ["plugin", "wait", "dry_run", "cause"];

/// What that of a change which makes a new generation may say.
pub(super) const TRIAL_KEYS: [&str; 9] = [
    "plugin",
    "wait",
    "dry_run",
    "cause",
    "probation",
    "confirm_within",
    "max_error_rate",
    "min_requests",
    "canary",
];

/// What that of a rollback may say.
pub(super) const ROLLBACK_KEYS: [&str; 5] = ["plugin", "version", "wait", "dry_run", "cause"];

/// The longest reason that is written down, in bytes.
const LONGEST_CAUSE: usize = 1024;

#[derive(Serialize)]
pub(super) struct Changed<'a> {
    status: &'static str,
    timestamp: u64,
    #[serde(flatten)]
    report: &'a ReloadReport,
}

impl<'a> Changed<'a> {
    pub(super) fn new(report: &'a ReloadReport) -> Self {
        Self {
            status: "success",
            timestamp: to_unix(SystemTime::now()),
            report,
        }
    }
}

#[derive(Serialize)]
struct Accepted<'a, T> {
    status: &'static str,
    timestamp: u64,
    message: &'static str,
    operation_id: String,
    #[serde(flatten)]
    info: &'a T,
}

impl Handler {
    /// Does what the query asks for with one plugin.
    pub(super) async fn change(
        &self,
        head: &Parts,
        ask: impl FnOnce(&PluginManager, &str) -> OperationBuilder,
    ) -> Answer {
        let query = Query::read(&head.uri, &KEYS)?;
        let operation = ask(&self.manager, &query.plugin()?);
        self.carry_out(operation, &query, head).await
    }

    /// Decides a trial.
    pub(super) async fn decide(&self, head: &Parts, decision: Trigger) -> Answer {
        let plugin = query::plugin(&head.uri)?;
        // It cannot change meanwhile: a trial is in the way of every change.
        let (version, _) = self.version(&plugin, &head.headers)?;
        let actor = Actor::of(&head.extensions).map(Actor::name);
        let handle = self.manager.decide(&plugin, decision, actor)?;
        if prefer::is_async(&head.headers) {
            return self.accepted(handle.id(), &handle.info(), true);
        }
        let report = match decision {
            Trigger::Abort => aborted(handle.await)?,
            _ => handle.await?,
        };
        changed(&report, version, self.manager.config_version(&plugin).ok())
    }

    /// Has an operation done, and answers when it is or, for who prefers that, at once. One that
    /// goes into a trial is answered then, for it may stay there for long.
    pub(super) async fn carry_out(
        &self,
        operation: OperationBuilder,
        query: &Query,
        head: &Parts,
    ) -> Answer {
        let (operation, version) = self.with_options(operation, query, head)?;
        let handle = operation.start()?;
        let is_async = prefer::is_async(&head.headers);
        if !is_async {
            handle.on_trial().await;
        }
        let info = handle.info();
        if is_async || info.result.is_none() {
            return self.accepted(handle.id(), &info, is_async);
        }
        let report = handle.await?;
        let now = self.manager.config_version(&report.plugin);
        changed(&report, version, now.ok())
    }

    /// The operation as the request has it: who asks, for which version of the config, how long to
    /// wait for its turn, whether it is to be done at all, why, and how a new generation is tried
    /// out. With the version that is in force before.
    pub(super) fn with_options(
        &self,
        mut operation: OperationBuilder,
        query: &Query,
        head: &Parts,
    ) -> Result<(OperationBuilder, ConfigVersion), Problem> {
        let (version, only_if) = self.version(&query.plugin()?, &head.headers)?;
        if let Some(only_if) = only_if {
            operation = operation.if_version(only_if);
        }
        if let Some(actor) = Actor::of(&head.extensions) {
            operation = operation.actor(actor.name());
        }
        if let Some(limit) = query.duration("wait")? {
            operation = operation.wait(limit);
        }
        operation = match query.get("dry_run")? {
            None | Some("false") => operation,
            Some("true") => operation.dry_run(),
            Some("start") => operation.dry_run_with_start(),
            Some(_) => {
                return Err(Problem::invalid_query(
                    "`dry_run` is `true`, `false` or `start`",
                ));
            }
        };
        if let Some(cause) = cause(query)? {
            operation = operation.cause(cause);
        }
        Ok((on_trial(operation, query)?, version))
    }

    /// The version of a plugin's config, and the one that a change of it is for, if it is for one.
    pub(super) fn version(
        &self,
        plugin: &str,
        headers: &HeaderMap,
    ) -> Result<(ConfigVersion, Option<ConfigVersion>), Problem> {
        let version = self.manager.config_version(plugin)?;
        let only_if = precondition::check(headers, version);
        let only_if = only_if.map_err(|problem| problem.with("plugin", plugin))?;
        Ok((version, only_if))
    }

    /// Says that it goes on, and where to look.
    pub(super) fn accepted(
        &self,
        id: OperationId,
        info: &impl Serialize,
        is_preferred: bool,
    ) -> Answer {
        let mut response = respond::json(&Accepted {
            status: "accepted",
            timestamp: to_unix(SystemTime::now()),
            message: "the operation goes on: see `Location` for how far it is",
            operation_id: id.to_string(),
            info,
        })?;
        *response.status_mut() = StatusCode::ACCEPTED;
        let location = format!("{}/plugins/operations/{}", self.mounted_at, id);
        let location = HeaderValue::try_from(location).map_err(|_| Problem::internal())?;
        let headers = response.headers_mut();
        headers.insert(LOCATION, location);
        if is_preferred {
            headers.insert(PREFERENCE_APPLIED, RESPOND_ASYNC);
        }
        Ok(response)
    }
}

/// The answer to a change that is done, with the tag of the config in force after it.
fn changed(report: &ReloadReport, before: ConfigVersion, now: Option<ConfigVersion>) -> Answer {
    let mut response = respond::json(&Changed::new(report))?;
    let version = now.filter(|now| now.number == report.version);
    let version = version.unwrap_or(ConfigVersion {
        number: report.version,
        ..before
    });
    response.headers_mut().insert(ETAG, etag::of(version));
    Ok(response)
}

/// With what the query says of a trial.
fn on_trial(mut operation: OperationBuilder, query: &Query) -> Result<OperationBuilder, Problem> {
    if let Some(probation) = query.duration("probation")? {
        operation = operation.probation(probation);
    }
    if let Some(limit) = query.duration("confirm_within")? {
        if limit.is_zero() {
            return Err(Problem::invalid_query(
                "invalid query: `confirm_within` must leave time to promote it, such as `5m`",
            ));
        }
        operation = operation.confirm_within(limit);
    }
    if let Some(rate) = query.parsed("max_error_rate", "a part, from 0 to 1", is_part)? {
        operation = operation.max_error_rate(rate);
    }
    if let Some(requests) = query.parsed("min_requests", "a number from 1", |n: &u64| *n > 0)? {
        operation = operation.min_requests(requests);
    }
    let percent = query.parsed("canary", "a percentage from 1 to 99", |_: &u8| true)?;
    if let Some(percent) = percent {
        let share = Share::new(percent);
        let share = share.ok_or_else(|| {
            Problem::invalid_query("invalid query: `canary` must be a percentage from 1 to 99")
        })?;
        operation = operation.canary(share);
    }
    Ok(operation)
}

/// The reason that a query gives, if it gives one.
pub(super) fn cause(query: &Query) -> Result<Option<&str>, Problem> {
    match query.get("cause")? {
        Some(cause) if cause.len() > LONGEST_CAUSE => {
            let message = format!("`cause` must not be longer than {LONGEST_CAUSE} bytes");
            Err(Problem::invalid_query(message))
        }
        cause => Ok(cause.filter(|cause| !cause.is_empty())),
    }
}

fn is_part(rate: &f64) -> bool {
    (0.0..=1.0).contains(rate)
}
