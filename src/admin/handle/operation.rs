use std::time::SystemTime;

use http::Uri;
use serde::Serialize;
use serde_json::{Value, json};

use super::change::Changed;
use super::handler::Answer;
use crate::admin::problem::{Form, Problem};
use crate::admin::query::{self, Query};
use crate::admin::respond;
use crate::time::to_unix;
use crate::{OperationInfo, PluginManager};

#[derive(Serialize)]
struct Shown {
    timestamp: u64,
    #[serde(flatten)]
    info: OperationInfo,
    /// The answer that whoever waited for the operation was given.
    result: Option<Value>,
}

impl Shown {
    fn new(info: OperationInfo) -> Self {
        Self {
            timestamp: to_unix(SystemTime::now()),
            result: info.result.clone().map(|done| match done {
                Ok(report) => {
                    let mut shown = json!(Changed::new(&report));
                    shown["http_status"] = 200.into();
                    shown
                }
                Err(error) => {
                    let problem = Problem::from(error);
                    let status = problem.status().as_u16();
                    let mut members = Form::Plain.members(problem);
                    members.insert("http_status".to_owned(), status.into());
                    Value::Object(members)
                }
            }),
            info,
        }
    }
}

pub(super) fn list(manager: &PluginManager, uri: &Uri) -> Answer {
    let query = Query::read(uri, &["plugin"])?;
    let mut operations = manager.operations();
    if let Some(plugin) = query.get("plugin")? {
        operations.retain(|info| info.plugin == plugin);
        // Those of one that is unregistered are told all the same.
        if operations.is_empty() {
            manager.config(plugin)?;
        }
    }
    let operations: Vec<_> = operations.into_iter().map(Shown::new).collect();
    respond::json(&json!({
        "total_count": operations.len(),
        "operations": operations,
        "timestamp": to_unix(SystemTime::now()),
    }))
}

pub(super) fn one(manager: &PluginManager, uri: &Uri) -> Answer {
    query::none(uri)?;
    let id = uri.path().rsplit('/').next().unwrap_or_default();
    let found = id.parse().ok().and_then(|id| manager.operation(id));
    let found = found.ok_or_else(Problem::operation_not_found)?;
    respond::json(&Shown::new(found))
}
