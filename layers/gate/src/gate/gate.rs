use std::fmt;
use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

use super::pool::{Pool, ShardRef};
use super::{Counters, Drain, Drained, Permit, RawPermit, Shard};
use crate::sync::{AtomicUsize, Ordering, shards, thread_number};
use crate::track::Tracker;
use crate::{InFlightRequests, PhaseCounts};

/// Admission for one generation of a plugin: open, then closed for good.
///
/// It counts who is inside, knows when the last one left, and cancels what is left on demand. A
/// clone is another handle to the same gate. When the last handle goes, the gate is closed, if it
/// was not; who is inside stays until it is done.
///
/// ```
/// use tower_plugin_gate::Gate;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let gate = Gate::new();
/// let permit = gate.enter().expect("a new gate is open");
///
/// gate.close();
/// assert!(gate.enter().is_none());
///
/// drop(permit);
/// gate.drained().await;
/// # }
/// ```
#[derive(Clone)]
pub struct Gate {
    inner: Arc<Inner>,
}

struct Inner {
    /// A power of two of them, so that a thread's number picks one by its low bits.
    shards: Box<[ShardRef]>,
    drain: Arc<Drain>,
    /// There once a slot said that those inside are to be tracked.
    tracker: OnceLock<Tracker>,
    closed_on: AtomicUsize,
    token: CancellationToken,
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

impl Gate {
    /// An open gate with nobody inside.
    #[must_use]
    pub fn new() -> Self {
        Self::with_shards(shards())
    }

    /// A gate of so many shards, a power of two.
    pub(crate) fn with_shards(shards: usize) -> Self {
        Self::from_pool(Pool::global(), shards)
    }

    pub(super) fn from_pool(pool: &'static Pool, shards: usize) -> Self {
        debug_assert!(shards.is_power_of_two(), "a mask picks the shard");
        let drain = Arc::new(Drain::new(shards));
        let inner = Inner {
            shards: pool.take(shards, &drain),
            drain,
            tracker: OnceLock::new(),
            closed_on: AtomicUsize::new(0),
            token: CancellationToken::new(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Goes in, or `None` once the gate is closed. Never blocks.
    #[must_use = "the request is inside only while the permit lives"]
    pub fn enter(&self) -> Option<Permit> {
        self.count_in().map(|raw| self.permit(raw))
    }

    /// Of one who was counted in: a permit, tracked if they are.
    #[inline]
    pub(crate) fn permit(&self, raw: RawPermit) -> Permit {
        let permit = Permit::new(raw);
        match self.inner.tracker.get() {
            None => permit,
            Some(tracker) => permit.tracked(tracker.enter()),
        }
    }

    /// From now on, whoever comes in is tracked.
    pub(crate) fn track(&self, generation: u64) {
        let shards = self.inner.shards.len();
        let tracker = || Tracker::new(generation, shards);
        self.inner.tracker.get_or_init(tracker);
    }

    #[inline]
    pub(crate) fn is_tracked(&self) -> bool {
        self.inner.tracker.get().is_some()
    }

    /// Those inside, the oldest first and `limit` of them at most; `None` where they are not
    /// [tracked](crate::Slot::tracked).
    ///
    /// Requests that come and go meanwhile may have to wait while so many entries are read: ask
    /// for no more than can be shown.
    ///
    /// ```
    /// use http::Request;
    /// use tower_plugin_gate::{Generation, PluginState, RequestPhase, Slot};
    ///
    /// let slot = Slot::tracked("geo", PluginState::Loading);
    /// let generation = Generation::new(1, ());
    /// slot.open(generation.clone());
    /// let mut request = Request::get("/lookup?key=secret").body(()).expect("a request");
    /// let inside = generation.admit(&mut request).expect("it is open");
    ///
    /// let seen = generation.gate().requests(10).expect("they are tracked");
    /// assert_eq!(seen.total, 1);
    /// assert_eq!(seen.requests[0].path.as_deref(), Some("/lookup"));
    /// assert_eq!(seen.requests[0].phase, RequestPhase::Head);
    /// # drop(inside);
    /// ```
    #[must_use]
    pub fn requests(&self, limit: usize) -> Option<InFlightRequests> {
        let is_cancelled = self.inner.token.is_cancelled();
        let tracker = self.inner.tracker.get()?;
        Some(tracker.requests(limit, is_cancelled))
    }

    /// As [`enter`](Self::enter).
    #[inline]
    pub(crate) fn count_in(&self) -> Option<RawPermit> {
        let shards = &self.inner.shards;
        RawPermit::enter(&shards[thread_number() & (shards.len() - 1)])
    }

    /// Closes the gate for good: once this returned, nobody comes in. `true` for the one call
    /// that closed it.
    pub fn close(&self) -> bool {
        // The first shard last: it is closed only once all are, and of several callers at a time
        // one finds it open.
        let mut closed = false;
        for shard in self.inner.shards.iter().rev() {
            let inside = Shard::close(shard);
            closed = inside.is_some();
            // Relaxed: read by whoever closed the gate, or was told by them.
            self.inner
                .closed_on
                .fetch_add(inside.unwrap_or(0), Ordering::Relaxed);
        }
        closed
    }

    /// How many were inside when the gate was closed; 0 before that.
    #[must_use]
    pub fn closed_on(&self) -> usize {
        // Relaxed: see `close`.
        self.inner.closed_on.load(Ordering::Relaxed)
    }

    pub(crate) fn drain(&self) -> &Drain {
        &self.inner.drain
    }

    /// Whether both are handles to one gate.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// Whether the gate has been closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.shards[0].is_closed()
    }

    /// How many are inside.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.inner.shards.iter().map(|shard| shard.count()).sum()
    }

    /// How many inside are in which phase: what a drain waits for.
    ///
    /// It costs requests nothing, and what it says is exact while nobody comes, goes or is being
    /// polled, but for this: a request counts as in its `head` from the first time its response
    /// future was pending. One that was never polled, or whose handler has blocked its thread
    /// ever since it was called, is among the `body`s, as is a [`Permit`] that was taken by hand
    /// and was never polled for cancellation. Where requests are [tracked](crate::Slot::tracked),
    /// it is exact for all that are.
    ///
    /// ```
    /// use tower_plugin_gate::{Generation, PluginState, Slot};
    ///
    /// let slot = Slot::new("geo", PluginState::Loading);
    /// let generation = Generation::new(1, ());
    /// slot.open(generation.clone());
    /// let lease = slot.enter().expect("the slot is open");
    /// assert_eq!(generation.gate().phases().upgraded, 1);
    /// drop(lease);
    /// assert_eq!(generation.gate().phases().total(), 0);
    /// ```
    #[must_use]
    pub fn phases(&self) -> PhaseCounts {
        if let Some(tracker) = self.inner.tracker.get() {
            return tracker.phases();
        }
        let mut sum = PhaseCounts::default();
        for shard in &self.inner.shards {
            sum += shard.phases();
        }
        sum
    }

    /// How many left after [`cancel`](Self::cancel) without having completed their work.
    #[must_use]
    pub fn cancelled_count(&self) -> u64 {
        self.inner.shards.iter().map(|shard| shard.cut()).sum()
    }

    /// What became of those who were let in; `rejected` is the slot's to count, and 0 here.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let mut sum = Counters::default();
        for shard in &self.inner.shards {
            sum += shard.counters();
        }
        sum
    }

    /// Whether the gate is closed and everybody has left.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.inner.drain.is_done()
    }

    /// Resolves once the gate is closed and everybody has left. It waits without bound, so put a
    /// timeout around it. Cancel safe.
    pub fn drained(&self) -> Drained {
        Drained::new(Arc::clone(&self.inner.drain))
    }

    /// Closes the gate and tells everybody inside to stop: response futures resolve, bodies end
    /// with an error, and [`token`](Self::token)s are cancelled. Work that does not listen, such
    /// as a body nobody polls, stays inside.
    pub fn cancel(&self) {
        self.close();
        for shard in &self.inner.shards {
            shard.cancel();
        }
        self.inner.token.cancel();
    }

    /// A token that is cancelled together with the gate. It is a child: cancelling it cancels
    /// nothing here.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.inner.token.child_token()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        for shard in &self.shards {
            Shard::let_go(shard);
        }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("closed", &self.is_closed())
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}
