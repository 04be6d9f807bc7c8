use std::collections::BTreeSet;

use serde::Serialize;
use tokio::task::JoinSet;

use super::PluginManager;
use super::manager::give;
use super::registry::Entry;
use crate::ReloadReport;
use crate::lifecycle::Request;

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
    /// Calling it again waits for nothing but what is left.
    pub async fn shutdown(&self) -> ShutdownReport {
        let mut left = self.inner.plugins.close();
        tracing::info!(plugins = left.len(), "shutting down");
        let mut report = ShutdownReport::default();
        while !left.is_empty() {
            let (now, later) = next_to_stop(left);
            let mut stopping = JoinSet::new();
            for entry in now {
                stopping.spawn(stop(entry));
            }
            while let Some(stopped) = stopping.join_next().await {
                report.plugins.extend(stopped.ok().flatten());
            }
            left = later;
        }
        tracing::info!(clean = report.is_clean(), "shut down");
        report
    }
}

async fn stop(entry: Entry) -> Option<ReloadReport> {
    let turn = entry.turn.clone().acquire_owned().await.ok()?;
    give(&entry, Request::Shutdown, turn).await.ok()
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
    // A dependency is there before its dependent, so there is no cycle; were there one, stopping
    // in any order beats never stopping.
    if now.is_empty() {
        (later, now)
    } else {
        (now, later)
    }
}
