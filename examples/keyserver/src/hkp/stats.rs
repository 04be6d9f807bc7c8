use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};

use super::KeyServer;
use crate::keys::Added;

/// What `/pks/stats` tells; all but `keys` and `max_keys` since the start.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// Keys that can be found.
    pub keys: usize,
    /// Keys there is room for.
    pub max_keys: usize,
    /// Searches, whatever they found.
    pub lookups: u64,
    /// Keys added that were not known before.
    pub new: u64,
    /// Keys added that made known ones better known.
    pub updated: u64,
    /// Submissions refused.
    pub refused: u64,
}

/// Counters for [`Stats`]. They order nothing and have no partner: each stands for itself.
#[derive(Debug, Default)]
pub(super) struct Counts {
    lookups: AtomicU64,
    new: AtomicU64,
    updated: AtomicU64,
    refused: AtomicU64,
}

impl Counts {
    pub(super) fn looked_up(&self) {
        self.lookups.fetch_add(1, Relaxed);
    }

    pub(super) fn added(&self, added: &Added) {
        self.new.fetch_add(added.new as u64, Relaxed);
        self.updated.fetch_add(added.updated as u64, Relaxed);
    }

    pub(super) fn refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }
}

impl KeyServer {
    /// The numbers as they are now.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let Counts {
            lookups,
            new,
            updated,
            refused,
        } = &self.counts;
        Stats {
            keys: self.store.len(),
            max_keys: self.limits.max_keys,
            lookups: lookups.load(Relaxed),
            new: new.load(Relaxed),
            updated: updated.load(Relaxed),
            refused: refused.load(Relaxed),
        }
    }
}

pub(super) async fn stats(State(server): State<Arc<KeyServer>>) -> Json<Stats> {
    Json(server.stats())
}
