use serde_json::{Map, Value, json};

use super::{Code, Problem};
use crate::{ConfigError, OperationError, OperationErrorKind, Outcome, ReloadReport, StoreError};

impl From<OperationError> for Problem {
    fn from(error: OperationError) -> Self {
        let plugin = error.plugin();
        let problem = match error.kind() {
            OperationErrorKind::NotFound => Self::plugin_not_found(plugin),
            OperationErrorKind::InProgress { operation, id, .. } => {
                Self::new(Code::OPERATION_IN_PROGRESS, error.to_string())
                    .with("operation", operation.as_str())
                    .with("operation_id", id.map(|id| id.to_string()))
            }
            OperationErrorKind::ConfigRejected(refused) => rejected(refused, error.to_string()),
            OperationErrorKind::CannotStartBeside => {
                Self::new(Code::CANNOT_START_BESIDE, error.to_string())
            }
            OperationErrorKind::VersionMismatch { .. } => Self::version_mismatch(),
            OperationErrorKind::VersionNotFound { version } => {
                Self::new(Code::VERSION_NOT_FOUND, error.to_string()).with("version", *version)
            }
            OperationErrorKind::TooManyLeftovers { leftovers, .. } => {
                Self::new(Code::TOO_MANY_LEFTOVERS, error.to_string())
                    .with("leftovers", serde_json::json!(leftovers))
            }
            OperationErrorKind::NotReplaceable { plugins } => {
                Self::new(Code::NOT_REPLACEABLE, error.to_string())
                    .with("plugins", plugins.clone())
                    .with("outcome", Outcome::Rejected.as_str())
            }
            OperationErrorKind::TrialUnavailable(_) => {
                Self::new(Code::TRIAL_UNAVAILABLE, error.to_string())
            }
            OperationErrorKind::NotOnTrial => Self::new(Code::NOT_ON_TRIAL, error.to_string()),
            OperationErrorKind::RequiredBy(other) => {
                Self::new(Code::PLUGIN_REQUIRED_BY, error.to_string())
                    .with("required_by", other.as_str())
            }
            // The report's message, for unlike the error's source it quotes no secret.
            OperationErrorKind::Failed {
                report, timed_out, ..
            } => {
                let unstored = error.store_error().map(unstored);
                failed(report, unstored.unwrap_or_else(|| failure(*timed_out)))
            }
            OperationErrorKind::StoreUnavailable(store) => {
                let code = match store.is_broken() {
                    true => Code::CONFIG_BROKEN,
                    false => unstored(store),
                };
                Self::new(code, error.to_string()).with("outcome", Outcome::Rejected.as_str())
            }
            OperationErrorKind::HistoryUnreadable(store) => {
                let code = match store.is_broken() {
                    true => Code::HISTORY_BROKEN,
                    false => unstored(store),
                };
                Self::new(code, error.to_string())
            }
            OperationErrorKind::ShuttingDown => Self::new(Code::SHUTTING_DOWN, error.to_string()),
        };
        problem.with("plugin", plugin)
    }
}

fn rejected(refused: &ConfigError, message: String) -> Problem {
    let problem = Problem::new(Code::CONFIG_REJECTED, message)
        .with("outcome", Outcome::Rejected.as_str())
        .with("pointer", refused.pointer())
        .with("violation", refused.message())
        .with("violations", json!(refused.violations()));
    match refused.has_more() {
        true => problem.with("has_more_violations", true),
        false => problem,
    }
}

fn unstored(error: &StoreError) -> Code {
    if error.is_conflict() {
        Code::STORE_CONFLICT
    } else {
        Code::STORE_UNAVAILABLE
    }
}

fn failure(timed_out: bool) -> Code {
    if timed_out {
        Code::START_TIMEOUT
    } else {
        Code::RELOAD_FAILED
    }
}

fn failed(report: &ReloadReport, code: Code) -> Problem {
    let members = members(report);
    let problem = Problem::new(code, report.message.as_str());
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
