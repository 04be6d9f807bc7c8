use std::time::SystemTime;

use serde::Serialize;

use super::handler::Answer;
use crate::admin::respond;
use crate::time::to_unix;
use crate::{OperationError, ReloadReport};

#[derive(Serialize)]
struct Changed<'a> {
    status: &'static str,
    timestamp: u64,
    #[serde(flatten)]
    report: &'a ReloadReport,
}

/// The answer to an operation on a plugin.
pub(super) fn answer(done: Result<ReloadReport, OperationError>) -> Answer {
    respond::json(&Changed {
        status: "success",
        timestamp: to_unix(SystemTime::now()),
        report: &done?,
    })
}
