use std::collections::BTreeSet;
use std::pin::pin;
use std::time::Duration;

use serde::Serialize;
use tokio::task::JoinSet;

use super::PluginManager;
use super::operation::{give, make_way};
use super::registry::Entry;
use crate::lifecycle::Request;
use crate::{EventKind, Operation, ReloadReport};

/// What became of the plugins when the manager shut down.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Each plugin that was stopped, in the order in which they were done.
    pub plugins: Vec<ReloadReport>,
}

impl ShutdownReport {
    /// Whether every request ended by itself and every instance stopped cleanly.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        let clean =
            |report: &ReloadReport| !report.drain.is_forced() && report.stop_error.is_none();
        self.plugins.iter().all(clean)
    }
}

impl PluginManager {
    /// Drains and stops every plugin, those that depend on others before the others, and takes no
    /// command any more. Plugins that do not depend on each other are drained at the same time,
    /// so this takes about one drain timeout for each step of dependency, and at first whatever
    /// an operation under way still takes.
    ///
    /// Call it while the server still answers, and stop the server afterwards: requests that a
    /// plugin holds up are cancelled here and nowhere else, so a server that waits for its
    /// connections first may wait for ever. [`Shutdown`](crate::shutdown::Shutdown) does all of it
    /// in the right order.
    ///
    /// ```no_run
    /// # async fn run(listener: tokio::net::TcpListener, app: axum::Router) -> std::io::Result<()> {
    /// use std::time::Duration;
    /// use tower_plugin::PluginManager;
    ///
    /// let manager = PluginManager::new();
    /// axum::serve(listener, app)
    ///     .with_graceful_shutdown(async move {
    ///         // … a signal …
    ///         manager.shutdown_within(Duration::from_secs(30)).await;
    ///     })
    ///     .await
    /// # }
    /// ```
    ///
    /// Calling it again waits for nothing but what is left.
    pub async fn shutdown(&self) -> ShutdownReport {
        let (mut left, is_first) = self.inner.plugins.close();
        tracing::info!(plugins = left.len(), "shutting down");
        if is_first {
            let message = format!("stopping, {} plugins first", left.len());
            self.tell(EventKind::ShutdownStopping, message);
        }
        let mut report = ShutdownReport::default();
        while !left.is_empty() {
            let (now, later) = next_to_stop(left);
            let mut stopping = JoinSet::new();
            for entry in now {
                stopping.spawn(stop(self.clone(), entry));
            }
            while let Some(stopped) = stopping.join_next().await {
                report.plugins.extend(stopped.ok().flatten());
            }
            left = later;
        }
        tracing::info!(clean = report.is_clean(), "shut down");
        if self.inner.plugins.finish() {
            let how = match report.is_clean() {
                true => "every request ended by itself",
                false => "not cleanly: see what was told of each",
            };
            let message = format!("{} plugins stopped; {how}", report.plugins.len());
            self.tell(EventKind::ShutdownDrained, message);
        }
        report
    }

    /// Says that the server is about to shut down: [`is_ready`](Self::is_ready) is false from now
    /// on, so that load balancers look for another one. Everything else goes on.
    ///
    /// ```
    /// use tower_plugin::PluginManager;
    ///
    /// let manager = PluginManager::new();
    /// assert!(manager.is_ready());
    /// manager.announce_shutdown();
    /// assert!(!manager.is_ready());
    /// assert!(manager.status().plugin_system.enabled);
    /// ```
    pub fn announce_shutdown(&self) {
        if self.inner.plugins.leave() {
            let message = "about to shut down: not ready any more".to_owned();
            self.tell(EventKind::ShutdownAnnounced, message);
        }
    }

    /// Has no drain wait any longer.
    pub(crate) fn cancel_drains(&self) {
        if self.inner.plugins.force() {
            let inside = self.status().plugin_system.active_requests;
            let message = format!("time is up: cancelling {inside} requests");
            self.tell(EventKind::ShutdownForced, message);
        }
        self.inner.out_of_time.cancel();
    }

    /// Records what happens to all plugins.
    fn tell(&self, kind: EventKind, message: String) {
        self.inner.journal.record(kind, "", 0, message);
    }

    /// As [`shutdown`](Self::shutdown), but waits for requests no longer than `limit` in all,
    /// whatever the drain timeouts and however many steps and operations there are to wait for:
    /// then requests are cancelled, and no drain waits any more. The hooks of the plugins come on
    /// top, under their own timeouts.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_plugin::{BoxError, PluginManager, plugin_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
    /// let manager = PluginManager::new();
    /// let plugin = manager.register("p", plugin_fn(|()| async { Ok::<_, BoxError>(()) })).await?;
    /// let lease = plugin.enter()?;
    /// let worker = tokio::spawn(async move { lease.cancelled().await });
    ///
    /// let report = manager.shutdown_within(Duration::from_millis(10)).await;
    /// assert_eq!(report.plugins[0].drain.cancelled, 1);
    /// worker.await?;
    /// # Ok(()) }
    /// ```
    pub async fn shutdown_within(&self, limit: Duration) -> ShutdownReport {
        let mut shutdown = pin!(self.shutdown());
        if let Ok(report) = tokio::time::timeout(limit, &mut shutdown).await {
            return report;
        }
        self.cancel_drains();
        shutdown.await
    }
}

async fn stop(manager: PluginManager, entry: Entry) -> Option<ReloadReport> {
    make_way(&entry, Operation::Shutdown, None);
    let turn = entry.turn.clone().acquire_owned().await.ok()?;
    give(&manager, &entry, Request::Shutdown, turn).await.ok()
}

/// Splits off the plugins that none of the others depends on.
fn next_to_stop(left: Vec<Entry>) -> (Vec<Entry>, Vec<Entry>) {
    let depended_on: BTreeSet<String> = left
        .iter()
        .flat_map(|entry| entry.published.dependencies.clone())
        .collect();
    let (later, now): (Vec<_>, Vec<_>) = left
        .into_iter()
        .partition(|entry| depended_on.contains(&*entry.published.name));
    // Circles are refused at registration; were there one, stopping in any order beats never
    // stopping.
    if now.is_empty() {
        (later, now)
    } else {
        (now, later)
    }
}
