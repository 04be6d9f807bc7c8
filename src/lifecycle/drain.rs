use tokio::time::{Instant, sleep, timeout};
use tower_plugin_gate::{Generation, PhaseCounts};

use super::task::Lifecycle;
use super::transition::Effect;
use crate::{DrainReport, EventKind, GoDuration, Plugin};

impl<P: Plugin> Lifecycle<P> {
    /// Waits until everybody has left a closed gate; when the deadline passes, this one's or that
    /// of the shutdown, cancels who is left and gives them a moment to leave.
    pub(super) async fn drain(&self, generation: &Generation<P::Instance>) -> DrainReport {
        let gate = generation.gate();
        self.did(Effect::Drain);
        let started = Instant::now();
        let inside = gate.closed_on();
        self.enter_drain(gate);
        if inside > 0 {
            let timeout = GoDuration(self.settings.drain_timeout);
            tracing::info!(in_flight = gate.in_flight(), %timeout, "waiting for requests to end");
            let message = format!("waiting up to {timeout} for {inside} requests");
            self.event(EventKind::DrainStarted, message);
        }
        let forced = tokio::select! {
            biased;
            () = gate.drained() => false,
            () = sleep(self.settings.drain_timeout) => true,
            () = self.out_of_time.cancelled() => true,
        };
        if forced {
            tracing::warn!(
                in_flight = gate.in_flight(),
                "not drained in time: cancelling"
            );
            gate.cancel();
            // Not an error: whoever is still inside afterwards is reported as remaining.
            let _ = timeout(self.settings.cancel_grace, gate.drained()).await;
        }
        // The sum of what is told by phase, so that the two agree.
        let remaining_by_phase = if gate.is_drained() {
            PhaseCounts::default()
        } else {
            gate.phases()
        };
        let remaining = remaining_by_phase.total();
        let remaining_requests = gate.requests(DrainReport::MAX_REMAINING_REQUESTS);
        if remaining > 0 {
            self.leave_behind(generation);
        }
        let cancelled = usize::try_from(gate.cancelled_count()).unwrap_or(usize::MAX);
        let report = DrainReport {
            waited: started.elapsed(),
            completed: inside.saturating_sub(cancelled.saturating_add(remaining)),
            cancelled,
            remaining,
            remaining_by_phase,
            remaining_requests: remaining_requests.map(|remaining| remaining.requests),
        };
        if inside > 0 {
            let kind = if forced {
                EventKind::DrainTimedOut
            } else {
                EventKind::DrainFinished
            };
            let DrainReport { completed, .. } = report;
            let message =
                format!("{completed} completed, {cancelled} cancelled, {remaining} remaining");
            tracing::info!(completed, cancelled, remaining, "drained");
            self.event(kind, message);
        }
        report
    }
}
