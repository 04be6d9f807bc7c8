use super::Snapshot;
use super::task::Lifecycle;
use crate::{
    EventKind, HealthStatus, Operation, OperationError, OperationErrorKind, Outcome, Plugin,
    ReloadReport,
};

/// Whether an operation takes up what somebody has put into the store.
pub(super) const fn takes_up(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Reload | Operation::Enable | Operation::Refresh
    )
}

/// What is wrong with a stored config, if it is that which is wrong.
pub(super) fn fault(refused: &OperationErrorKind) -> Option<String> {
    match refused {
        OperationErrorKind::ConfigRejected(refused) => Some(refused.to_string()),
        OperationErrorKind::StoreUnavailable(error) if error.is_broken() => Some(error.to_string()),
        _ => None,
    }
}

impl<P: Plugin> Lifecycle<P> {
    /// Publishes why the config that is stored is not the one in force, or that it is. A plugin that
    /// works in spite of it is degraded.
    pub(super) fn tell_of_drift(&self, why: Option<&str>) {
        let drift = why.map(|why| format!("the stored config is not in force: {why}"));
        let is_told = |snapshot: &Snapshot| snapshot.drift.as_deref() == drift.as_deref();
        if self.published.read(is_told) {
            return;
        }
        let (mut before, mut now) = (HealthStatus::Healthy, HealthStatus::Healthy);
        self.published.publish(|snapshot| {
            before = snapshot.health_status();
            snapshot.drift = drift.map(String::into_boxed_str);
            now = snapshot.health_status();
        });
        let is_active = self.published.read(|snapshot| snapshot.is_serving);
        if is_active && before != now {
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            let message = format!("health changed from {before} to {now}{why}");
            self.event(EventKind::HealthChanged, message);
        }
    }

    /// After an operation that was refused with its config.
    pub(super) fn drift_of_refused(&self, operation: Operation, refused: &OperationError) {
        if let (true, Some(fault)) = (takes_up(operation), fault(refused.kind())) {
            self.tell_of_drift(Some(&fault));
        }
    }

    /// After an operation that was carried out, with an edited config or without.
    pub(super) fn drift_of_done(
        &self,
        operation: Operation,
        is_edited: bool,
        answer: &Result<ReloadReport, OperationError>,
    ) {
        match answer {
            Ok(report) => {
                let is_stored = operation.stores_config() && report.outcome == Outcome::Applied;
                if takes_up(operation) || is_stored {
                    self.tell_of_drift(None);
                }
            }
            Err(failed) if is_edited => self.tell_of_drift(Some(&failed.to_string())),
            _ => {}
        }
    }
}
