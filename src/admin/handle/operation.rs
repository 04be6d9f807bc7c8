use std::time::SystemTime;

use http::Uri;
use serde::Serialize;
use serde_json::{Value, json};

use super::change::Changed;
use super::group::told;
use super::handler::Answer;
use crate::admin::problem::{Form, Problem};
use crate::admin::query::{self, Query};
use crate::admin::respond;
use crate::time::to_unix;
use crate::{GroupInfo, OperationInfo, PluginManager};

#[derive(Serialize)]
struct Shown<T> {
    timestamp: u64,
    #[serde(flatten)]
    info: T,
    /// The answer that whoever waited for the operation was given.
    result: Option<Value>,
}

impl Shown<OperationInfo> {
    fn one(mut info: OperationInfo) -> Self {
        let result = info.result.take();
        let result = result.map(|done| done.map(|report| json!(Changed::new(&report))));
        Self::new(info, result.map(|done| done.map_err(Problem::from)))
    }
}

impl Shown<GroupInfo> {
    fn group(mut info: GroupInfo) -> Self {
        let result = info.result.take();
        let result = result.map(|done| done.map_err(Problem::from).and_then(told));
        Self::new(info, result)
    }
}

impl<T> Shown<T> {
    fn new(info: T, result: Option<Result<Value, Problem>>) -> Self {
        Self {
            timestamp: to_unix(SystemTime::now()),
            result: result.map(|done| match done {
                Ok(mut shown) => {
                    shown["http_status"] = 200.into();
                    shown
                }
                Err(problem) => {
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
    let (mut operations, mut groups) = (manager.operations(), manager.groups());
    if let Some(plugin) = query.get("plugin")? {
        operations.retain(|info| info.plugin == plugin);
        groups.retain(|info| info.plugins.iter().any(|one| one == plugin));
        // Those of one that is unregistered are told all the same.
        if operations.is_empty() {
            manager.config_version(plugin)?;
        }
    }
    let operations: Vec<_> = operations.into_iter().map(Shown::one).collect();
    let groups: Vec<_> = groups.into_iter().map(Shown::group).collect();
    respond::json(&json!({
        "total_count": operations.len(),
        "operations": operations,
        "groups": groups,
        "timestamp": to_unix(SystemTime::now()),
    }))
}

pub(super) fn one(manager: &PluginManager, uri: &Uri) -> Answer {
    query::none(uri)?;
    let id = uri.path().rsplit('/').next().unwrap_or_default();
    let id = id.parse().map_err(|_| Problem::operation_not_found())?;
    if let Some(group) = manager.group(id) {
        return respond::json(&Shown::group(group));
    }
    let found = manager.operation(id);
    let found = found.ok_or_else(Problem::operation_not_found)?;
    respond::json(&Shown::one(found))
}
