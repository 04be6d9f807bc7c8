use crate::lifecycle::Request;
use crate::manager::registry::Entry;
use crate::{Operation, OperationError, OperationErrorKind};

/// Ends what is in the way of an operation, where that does not wait for it: a trial, before what
/// leaves nothing to try out, and an attempt to start again.
pub(in crate::manager) fn make_way(entry: &Entry, asked: Operation, actor: Option<&str>) -> bool {
    let under_way = entry.published.under_way();
    under_way.is_some_and(|record| record.decide(asked.into(), actor))
}

/// Whether something is in the way that would be ended.
pub(super) fn is_before(entry: &Entry, asked: Operation) -> bool {
    let under_way = entry.published.under_way();
    under_way.is_some_and(|record| record.may_decide(asked.into()))
}

pub(in crate::manager) fn in_progress(entry: &Entry, request: &Request) -> OperationError {
    let under_way = entry.published.under_way();
    let kind = OperationErrorKind::InProgress {
        operation: under_way
            .as_ref()
            .map_or_else(|| request.operation(), |record| record.operation),
        id: under_way.as_ref().map(|record| record.id),
        on_trial: under_way.is_some_and(|record| record.is_on_trial()),
    };
    OperationError::new(&*entry.published.name, kind)
}
