use tower_plugin::{
    EventKind, Operation, OperationError, OperationInfo, OperationPhase, Outcome, ReloadReport,
};

use crate::lifecycle::property::ask::Asked;

/// Whoever asked has one answer, the one that is remembered, in time.
pub fn answer(
    asked: &Asked,
    told: Option<&Result<ReloadReport, OperationError>>,
    info: Option<&OperationInfo>,
) {
    let Some(info) = info else {
        // Refused before it was anything, or taken back.
        assert!(told.is_none_or(|told| told.as_ref().is_err_and(|error| error.report().is_none())));
        return;
    };
    assert_eq!(info.phase, OperationPhase::Done, "{:?}", asked.command);
    assert!(info.elapsed <= asked.limit, "{:?}", info.elapsed);
    if let Some(told) = told {
        let known = info.result.as_ref().unwrap();
        assert_eq!(format!("{told:?}"), format!("{known:?}"));
    }
}

/// A plugin is said to be in another operation only while it is.
pub fn refusal(error: &OperationError, is_busy: bool) {
    assert!(!error.is_in_progress() || is_busy, "{error}");
}

/// The journal tells of the end of an operation once, and as its answer does.
pub fn ending(info: &OperationInfo, told: &[EventKind]) {
    let Some(result) = &info.result else {
        panic!("{} of {} has no end", info.operation, info.plugin);
    };
    let text = result
        .as_ref()
        .map_or_else(ToString::to_string, |it| it.message.clone());
    assert!(!text.contains("task panicked"), "{text}");
    let report = result.as_ref().map_or_else(OperationError::report, Some);
    let Some(report) = report else {
        let is_refusal = matches!(told, [] | [EventKind::ReloadRejected]);
        assert!(is_refusal, "{text}: {told:?}");
        return;
    };
    let expected = end_event(info.operation, report.outcome);
    assert_eq!(told, expected.as_slice(), "{text}");
    assert_eq!(report.plugin, info.plugin);
    assert_eq!(report.operation, info.operation);
}

fn end_event(operation: Operation, outcome: Outcome) -> Option<EventKind> {
    use Operation as O;
    let reloads = matches!(
        operation,
        O::Reload | O::UpdateConfig | O::Rollback | O::Refresh
    );
    match (outcome, operation) {
        (Outcome::Unchanged | Outcome::Rejected, _) => None,
        (Outcome::RolledBack, _) => Some(EventKind::ReloadRolledBack),
        (Outcome::Failed, _) if reloads => Some(EventKind::ReloadFailed),
        (Outcome::Failed, _) => Some(EventKind::Failed),
        (_, O::Register | O::Retry) => None,
        (_, O::Enable) => Some(EventKind::Enabled),
        (_, O::Disable) => Some(EventKind::Disabled),
        (_, O::Unload | O::Shutdown) => Some(EventKind::Removed),
        _ => Some(EventKind::ReloadApplied),
    }
}
