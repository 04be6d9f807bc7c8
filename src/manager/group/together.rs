use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout_at;
use tower_plugin_gate::PluginState;

use super::ReloadAll;
use super::reload_all::skipped;
use crate::lifecycle::{Awaited, Request, Together};
use crate::manager::operation::{give_together, in_progress, make_way};
use crate::manager::registry::Entry;
use crate::operation::Record;
use crate::time::after;
use crate::{Operation, OperationError, OperationErrorKind, PluginResult, ReloadStrategy};

/// Reloads all plugins or none, in two phases: once every task has the turn of its plugin, each
/// starts a new generation; once all are ready, each lets it serve.
pub(super) async fn reload(
    asked: &ReloadAll,
    entries: Vec<Entry>,
) -> Result<Vec<PluginResult>, OperationError> {
    let turns = turns(asked, &entries).await?;
    // All have their turn, so no state changes any more.
    refuse_unloaded(&entries)?;
    refuse_recreated(&entries)?;
    let (mut results, mut parts) = (Vec::new(), Vec::new());
    for (entry, turn) in entries.iter().zip(turns) {
        if let Some(skipped) = skipped(entry) {
            results.push(skipped);
            continue;
        }
        let (together, awaited) = Together::new();
        let options = asked.options.clone();
        let record = give_together(&asked.manager, entry, options, turn, together);
        parts.push((awaited, record));
    }
    let (mut awaited, records): (Vec<Awaited>, Vec<Arc<Record>>) = parts.into_iter().unzip();
    let deadline = after(asked.prepare_timeout);
    let ready = poll_fn(|cx| all_ready(&mut awaited, cx));
    let ready = timeout_at(deadline, ready).await.unwrap_or(false);
    if ready && awaited.iter().all(Awaited::is_waiting) {
        awaited.into_iter().for_each(Awaited::agree);
    } else {
        // Each is told by this, those that still start, too.
        drop(awaited);
    }
    for record in records {
        results.push(PluginResult::of(record.answer().await));
    }
    results.sort_by(|one, other| one.plugin().cmp(other.plugin()));
    Ok(results)
}

/// Whether all are ready; false as soon as one cannot be.
fn all_ready(awaited: &mut [Awaited], cx: &mut Context<'_>) -> Poll<bool> {
    let mut left = 0;
    for part in awaited {
        match part.poll_ready(cx) {
            Poll::Ready(true) => {}
            Poll::Ready(false) => return Poll::Ready(false),
            Poll::Pending => left += 1,
        }
    }
    match left {
        0 => Poll::Ready(true),
        _ => Poll::Pending,
    }
}

/// The turn of every plugin. Taken in one order by all, so that nobody waits in a circle.
async fn turns(
    asked: &ReloadAll,
    entries: &[Entry],
) -> Result<Vec<OwnedSemaphorePermit>, OperationError> {
    let deadline = after(asked.wait.unwrap_or_default());
    let mut turns = Vec::with_capacity(entries.len());
    for entry in entries {
        let makes_way = make_way(entry, Operation::Reload, asked.options.actor.as_deref());
        let turn = match Arc::clone(&entry.turn).try_acquire_owned() {
            Ok(turn) => Some(turn),
            // What is ended takes no longer than its hooks.
            Err(_) if makes_way => Arc::clone(&entry.turn).acquire_owned().await.ok(),
            Err(_) => {
                let turn = Arc::clone(&entry.turn).acquire_owned();
                timeout_at(deadline, turn).await.ok().and_then(Result::ok)
            }
        };
        turns.push(turn.ok_or_else(|| in_progress(entry, &Request::Reload))?);
    }
    Ok(turns)
}

/// One may have been unloaded while its turn was waited for.
fn refuse_unloaded(entries: &[Entry]) -> Result<(), OperationError> {
    let is_gone = |entry: &&Entry| {
        let state = entry.published.read(|snapshot| snapshot.state);
        state == PluginState::Unloading
    };
    match entries.iter().find(is_gone) {
        None => Ok(()),
        Some(gone) => {
            let kind = OperationErrorKind::NotFound;
            Err(OperationError::new(&*gone.published.name, kind))
        }
    }
}

fn refuse_recreated(entries: &[Entry]) -> Result<(), OperationError> {
    let recreated = entries.iter().filter(|entry| {
        let published = &entry.published;
        published.strategy == ReloadStrategy::Recreate
            && published.read(|snapshot| snapshot.state == PluginState::Active)
    });
    let plugins: Vec<String> = recreated
        .map(|entry| entry.published.name.to_string())
        .collect();
    match plugins.first().cloned() {
        None => Ok(()),
        Some(first) => {
            let kind = OperationErrorKind::NotReplaceable { plugins };
            Err(OperationError::new(first, kind))
        }
    }
}
