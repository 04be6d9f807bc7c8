use tower_plugin_gate::PluginState;

use super::hook::HookError;
use super::task::Lifecycle;
use crate::{
    DrainReport, EventKind, Operation, OperationError, OperationErrorKind, Outcome, Plugin,
    ReloadReport,
};

impl<P: Plugin> Lifecycle<P> {
    /// Finds its feet after a panic in the midst of an operation: what serves goes on, and where
    /// nothing does, the plugin has failed.
    pub(super) fn recover(&mut self, operation: Operation, panic: &str) -> OperationError {
        let panic = self.scrub(panic);
        let message = format!("the plugin's task panicked: {panic}");
        tracing::error!(plugin = %self.name(), %operation, message, "recovering");
        let serving = self.slot.generation();
        let running = self.running.take().filter(|running| {
            let serving = serving.as_ref();
            serving.is_some_and(|serving| serving.is_same(&running.generation))
        });
        let outcome = if running.is_some() {
            self.publish_state(PluginState::Active);
            Outcome::RolledBack
        } else {
            self.fail();
            Outcome::Failed
        };
        self.running = running;
        self.drop_beside();
        self.publish_error(operation, message.clone());
        self.event(EventKind::Failed, message.clone());
        let (state, generation) = self
            .published
            .read(|snapshot| (snapshot.state, snapshot.generation));
        let report = ReloadReport {
            plugin: self.name().to_string(),
            operation,
            outcome,
            state,
            generation,
            version: self.config_version.number(),
            duration: self.elapsed(),
            drain: DrainReport::default(),
            stop_error: None,
            dry_run: None,
            message: message.clone(),
        };
        let kind = OperationErrorKind::Failed {
            report: Box::new(report),
            source: HookError::failed("the operation", message).into(),
            timed_out: false,
        };
        OperationError::new(&**self.name(), kind)
    }
}

/// A task that is ended from outside, as by a runtime that shuts down, leaves nothing open that
/// nobody owns.
impl<P: Plugin> Drop for Lifecycle<P> {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        self.fail();
        self.running = None;
        self.drop_beside();
        let operation = self.under_way().unwrap_or(Operation::Shutdown);
        let message = "the plugin's task was ended: the runtime is shutting down".to_owned();
        self.publish_error(operation, message);
    }
}
