use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER};
use serde_json::{Map, Value, json};

use super::Problem;
use crate::{ConfigError, OperationError, OperationErrorKind, Outcome, ReloadReport, StoreError};

impl From<OperationError> for Problem {
    fn from(error: OperationError) -> Self {
        let plugin = error.plugin();
        let problem = match error.kind() {
            OperationErrorKind::NotFound => Self::plugin_not_found(plugin),
            OperationErrorKind::InProgress { operation, id } => Self::new(
                StatusCode::CONFLICT,
                "operation_in_progress",
                error.to_string(),
            )
            .with("operation", operation.as_str())
            .with("operation_id", id.map(|id| id.to_string()))
            .header(RETRY_AFTER, HeaderValue::from_static("1")),
            OperationErrorKind::ConfigRejected(refused) => rejected(refused, error.to_string()),
            OperationErrorKind::CannotStartBeside => Self::new(
                StatusCode::CONFLICT,
                "cannot_start_beside",
                error.to_string(),
            ),
            OperationErrorKind::VersionMismatch { .. } => Self::version_mismatch(),
            OperationErrorKind::VersionNotFound { version } => Self::new(
                StatusCode::NOT_FOUND,
                "version_not_found",
                error.to_string(),
            )
            .with("version", *version),
            OperationErrorKind::TooManyLeftovers { leftovers, .. } => Self::new(
                StatusCode::CONFLICT,
                "too_many_leftovers",
                error.to_string(),
            )
            .with("leftovers", serde_json::json!(leftovers)),
            OperationErrorKind::NotReplaceable { plugins } => {
                Self::new(StatusCode::CONFLICT, "not_replaceable", error.to_string())
                    .with("plugins", plugins.clone())
                    .with("outcome", Outcome::Rejected.as_str())
            }
            OperationErrorKind::TrialUnavailable(_) => {
                let (status, message) = (StatusCode::CONFLICT, error.to_string());
                Self::new(status, "trial_unavailable", message)
            }
            OperationErrorKind::NotOnTrial => {
                let (status, message) = (StatusCode::CONFLICT, error.to_string());
                Self::new(status, "not_on_trial", message)
            }
            OperationErrorKind::RequiredBy(other) => Self::new(
                StatusCode::CONFLICT,
                "plugin_required_by",
                error.to_string(),
            )
            .with("required_by", other.as_str()),
            // The report's message, for unlike the error's source it quotes no secret.
            OperationErrorKind::Failed {
                report, timed_out, ..
            } => {
                let unstored = error.store_error().map(unstored);
                failed(report, unstored.unwrap_or_else(|| failure(*timed_out)))
            }
            OperationErrorKind::StoreUnavailable(store) => {
                let (status, code) = unstored(store);
                Self::new(status, code, error.to_string())
                    .with("outcome", Outcome::Rejected.as_str())
            }
            OperationErrorKind::HistoryUnreadable(store) => {
                let (status, code) = match store.is_broken() {
                    true => (StatusCode::INTERNAL_SERVER_ERROR, "history_broken"),
                    false => unstored(store),
                };
                Self::new(status, code, error.to_string())
            }
            OperationErrorKind::ShuttingDown => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "shutting_down",
                error.to_string(),
            ),
        };
        problem.with("plugin", plugin)
    }
}

fn rejected(refused: &ConfigError, message: String) -> Problem {
    let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "config_rejected", message)
        .with("outcome", Outcome::Rejected.as_str())
        .with("pointer", refused.pointer())
        .with("violation", refused.message())
        .with("violations", json!(refused.violations()));
    match refused.has_more() {
        true => problem.with("has_more_violations", true),
        false => problem,
    }
}

fn unstored(error: &StoreError) -> (StatusCode, &'static str) {
    if error.is_conflict() {
        (StatusCode::CONFLICT, "store_conflict")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "store_unavailable")
    }
}

fn failure(timed_out: bool) -> (StatusCode, &'static str) {
    if timed_out {
        (StatusCode::GATEWAY_TIMEOUT, "start_timeout")
    } else {
        (StatusCode::INTERNAL_SERVER_ERROR, "reload_failed")
    }
}

fn failed(report: &ReloadReport, (status, code): (StatusCode, &'static str)) -> Problem {
    let members = members(report);
    let problem = Problem::new(status, code, report.message.as_str());
    members
        .into_iter()
        .filter(|(name, _)| name != "message")
        .fold(problem, |problem, (name, value)| problem.with(&name, value))
}

fn members(report: &ReloadReport) -> Map<String, Value> {
    match serde_json::to_value(report) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}
