use http::HeaderMap;
use http::header::{IF_MATCH, IF_NONE_MATCH};

use crate::admin::etag::Condition;
use crate::admin::problem::Problem;
use crate::{ConfigVersion, OperationError};

/// The version that a change is for, if it is for one; refuses a change that is for another than
/// the current. The plugin looks at it again when it comes to the change.
pub(super) fn check(
    headers: &HeaderMap,
    is_required: bool,
    current: impl Fn() -> Result<ConfigVersion, OperationError>,
) -> Result<Option<ConfigVersion>, Problem> {
    let only_if = Condition::read(headers, &IF_MATCH);
    let only_if_not = Condition::read(headers, &IF_NONE_MATCH);
    if is_required && only_if.is_none() {
        return Err(Problem::precondition_required());
    }
    let current = current()?;
    if only_if_not.is_some_and(|known| known.matches_weakly(current)) {
        return Err(Problem::version_mismatch());
    }
    match only_if {
        None | Some(Condition::Any) => Ok(None),
        Some(only_if) if only_if.matches_strongly(current) => Ok(Some(current)),
        Some(_) => Err(Problem::version_mismatch()),
    }
}
