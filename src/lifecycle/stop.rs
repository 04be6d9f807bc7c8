use std::sync::Arc;

use super::contain::caught;
use super::hook;
use super::start::Running;
use super::task::Lifecycle;
use super::transition::Effect;
use crate::time::after;
use crate::{EventKind, GoDuration, OperationPhase, Plugin};

impl<P: Plugin> Lifecycle<P> {
    /// Ends an instance's background tasks and lets it clean up. What fails or hangs in there is
    /// reported, as a text that quotes no secret, and left behind.
    pub(super) async fn stop(&self, running: Running<P::Instance>) -> Option<String> {
        let Running {
            generation,
            context,
            secrets,
            monitor,
            ..
        } = running;
        drop(monitor);
        self.did(Effect::Stop);
        self.enter(OperationPhase::Stopping);
        let timeout = self.settings.stop_timeout;
        let deadline = after(timeout);
        // Whoever waits for it may have a waker of their own.
        let cancelled = caught(|| context.token().cancel());
        context.tracker().close();

        let (number, plugin) = (generation.number(), Arc::clone(&self.plugin));
        let stopped = hook::run("stop", timeout, async move {
            let stopped = plugin.stop(generation.instance_arc()).await;
            // Most often the last handle: what an instance does when it is dropped is part of its
            // stop. Requests that could not be cancelled may hold another.
            drop(generation.take());
            stopped
        });
        let stopped = stopped.await;
        let mut error = stopped.err().map(|error| secrets.scrub(&error.to_string()));
        if let (None, Err(panicked)) = (&error, cancelled) {
            error = Some(secrets.scrub(&format!("a waker panicked: {}", panicked.message())));
        }
        let tasks = tokio::time::timeout_at(deadline, context.tracker().wait());
        if error.is_none() && tasks.await.is_err() {
            let (tasks, timeout) = (context.tracker().len(), GoDuration(timeout));
            error = Some(format!(
                "background tasks that did not end within {timeout}: {tasks}"
            ));
        }
        if let Some(error) = &error {
            tracing::warn!(
                generation = number,
                error,
                "an instance was not stopped cleanly"
            );
            self.event(
                EventKind::StopFailed,
                format!("stopping generation {number}: {error}"),
            );
        }
        error
    }
}
