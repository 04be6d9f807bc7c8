use http::HeaderMap;
use http::header::{IF_MATCH, IF_NONE_MATCH};

use crate::ConfigVersion;
use crate::admin::etag::Condition;
use crate::admin::problem::Problem;

/// The version that a change is for, if it is for one; refuses a change that is for another than
/// the `current`. That may have changed when it comes to the change, so it is looked at again then.
pub(super) fn check(
    headers: &HeaderMap,
    current: ConfigVersion,
) -> Result<Option<ConfigVersion>, Problem> {
    let only_if = Condition::read(headers, &IF_MATCH);
    let only_if_not = Condition::read(headers, &IF_NONE_MATCH);
    if only_if_not.is_some_and(|known| known.matches_weakly(current)) {
        return Err(Problem::version_mismatch());
    }
    match only_if {
        None | Some(Condition::Any) => Ok(None),
        Some(only_if) if only_if.matches_strongly(current) => Ok(Some(current)),
        Some(_) => Err(Problem::version_mismatch()),
    }
}

/// Refuses a change that is for no version in particular.
pub(super) fn require(headers: &HeaderMap) -> Result<(), Problem> {
    match Condition::read(headers, &IF_MATCH) {
        Some(_) => Ok(()),
        None => Err(Problem::precondition_required()),
    }
}

/// Refuses a change that is for one version where several plugins are changed, each with its own.
pub(super) fn refuse(headers: &HeaderMap) -> Result<(), Problem> {
    match Condition::read(headers, &IF_MATCH) {
        None | Some(Condition::Any) => Ok(()),
        Some(Condition::Tags(_)) => Err(Problem::no_common_version()),
    }
}
