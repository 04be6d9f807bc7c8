use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_utils::CachePadded;
use tokio::time::Instant;

use super::{PhaseCounts, RequestLine, RequestPhase};
use crate::sync::{Mutex, lock};

/// Ids are given out to lanes by the block, so that lanes do not meet over each of them.
const BLOCK: u64 = 1024;

/// Entries of those who came in on one shard's threads, in order of their coming.
///
/// Each lane has an `Arc` and cache lines of its own: threads that come and go on different ones
/// touch nothing in common.
#[derive(Debug, Default)]
pub(super) struct Lane(CachePadded<Mutex<Entries>>);

#[derive(Debug, Default)]
struct Entries {
    next: u64,
    /// Where the block of ids ends.
    end: u64,
    by_id: BTreeMap<u64, Line>,
    phases: PhaseCounts,
}

/// What is known of somebody inside.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) request: Option<RequestLine>,
    pub(super) started: Instant,
    pub(super) phase: RequestPhase,
}

impl Lane {
    /// Whoever is given the entry is in the list for as long as they hold it.
    pub(super) fn enter(self: &Arc<Self>) -> Entry {
        self.insert(Line {
            request: None,
            started: Instant::now(),
            phase: RequestPhase::Head,
        })
    }

    fn insert(self: &Arc<Self>, line: Line) -> Entry {
        let mut entries = lock(&self.0);
        let id = entries.next_id();
        *entries.phases.of_mut(line.phase) += 1;
        entries.by_id.insert(id, line);
        drop(entries);
        Entry {
            lane: Arc::clone(self),
            id,
        }
    }

    /// The oldest, `limit` of them at most, with their ids, and how many there are.
    pub(super) fn oldest(&self, limit: usize) -> (Vec<(u64, Line)>, usize) {
        let entries = lock(&self.0);
        let oldest = entries.by_id.iter().take(limit);
        let oldest = oldest.map(|(id, line)| (*id, line.clone())).collect();
        (oldest, entries.by_id.len())
    }

    pub(super) fn phases(&self) -> PhaseCounts {
        lock(&self.0).phases
    }
}

impl Entries {
    fn next_id(&mut self) -> u64 {
        // Not loom's: what an id is, decides nothing. Relaxed: that no block is given twice is
        // all that matters.
        static NEXT: AtomicU64 = AtomicU64::new(1);
        if self.next == self.end {
            self.next = NEXT.fetch_add(BLOCK, Ordering::Relaxed);
            self.end = self.next + BLOCK;
        }
        self.next += 1;
        self.next - 1
    }
}

/// Somebody's place in the list of those inside. It is in there until this drops, which is to be
/// before they are counted out.
pub(crate) struct Entry {
    lane: Arc<Lane>,
    id: u64,
}

impl Entry {
    /// Says which request it is.
    pub(crate) fn describe(&self, request: RequestLine) {
        if let Some(line) = lock(&self.lane.0).by_id.get_mut(&self.id) {
            line.request = Some(request);
        }
    }

    pub(crate) fn is_in(&self, phase: RequestPhase) {
        let mut entries = lock(&self.lane.0);
        let Entries { by_id, phases, .. } = &mut *entries;
        if let Some(line) = by_id.get_mut(&self.id) {
            *phases.of_mut(line.phase) -= 1;
            *phases.of_mut(phase) += 1;
            line.phase = phase;
        }
    }

    /// Another one, of somebody who came with this one and begins anew.
    pub(crate) fn beside(&self) -> Self {
        let mut line = lock(&self.lane.0).by_id[&self.id].clone();
        line.phase = RequestPhase::Head;
        self.lane.insert(line)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut entries = lock(&self.lane.0);
        let line = entries.by_id.remove(&self.id);
        if let Some(line) = &line {
            *entries.phases.of_mut(line.phase) -= 1;
        }
        // What it holds is freed outside the lock.
        drop(entries);
        drop(line);
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Entry").field(&self.id).finish()
    }
}
