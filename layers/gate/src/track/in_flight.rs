use std::time::Duration;

use http::Method;
use tokio::time::Instant;

use super::RequestPhase;

/// Somebody inside a plugin whose requests are tracked: a request, or a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InFlightRequest {
    /// By which it can be told from every other one of this process. Those who came later on the
    /// same thread have greater ones.
    pub id: u64,
    /// `None` for a lease that was taken without a request, and for what is not HTTP.
    pub method: Option<Method>,
    /// The path, without its query, which may hold secrets; of CONNECT, host and port. Cut off
    /// after [`MAX_PATH`](Self::MAX_PATH) bytes, with `…` for the rest.
    pub path: Option<String>,
    /// How long it has been inside.
    pub age: Duration,
    /// How far it has got.
    pub phase: RequestPhase,
    /// Number of the generation that it is inside of.
    pub generation: u64,
    /// Whether it has been told to stop: the drain of its generation has passed its deadline.
    pub is_cancelled: bool,
    /// What they are sorted by: ages are told as of slightly different times.
    pub(super) started: Instant,
}

impl InFlightRequest {
    /// How many bytes of a path are kept.
    pub const MAX_PATH: usize = 256;
}

/// The oldest of those inside a plugin, and how many there are in all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct InFlightRequests {
    /// The oldest first; not all of them where there are more than were asked for.
    pub requests: Vec<InFlightRequest>,
    /// How many there are.
    pub total: usize,
}

impl InFlightRequests {
    /// Adds those of another generation, and keeps the oldest, `limit` of them at most.
    pub fn merge(&mut self, other: Self, limit: usize) {
        self.total += other.total;
        self.requests.extend(other.requests);
        self.requests
            .sort_by_key(|request| (request.started, request.id));
        self.requests.truncate(limit);
    }
}
