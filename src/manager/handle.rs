use std::fmt;
use std::sync::Arc;

use tower_plugin_gate::{Counters, HasSlot, Latency, Lease, PluginState, Rejected, Slot};

use crate::lifecycle::{Published, Snapshot};
use crate::{Leftover, RequestsReport};

/// A registered plugin, for the layers and the code that use it. A clone is another handle.
///
/// ```
/// use tower_plugin::{BoxError, PluginManager, PluginState, plugin_fn};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
/// let manager = PluginManager::new();
/// let plugin = manager.register("p", plugin_fn(|()| async { Ok::<_, BoxError>("hi") })).await?;
/// assert_eq!((plugin.state(), plugin.generation()), (PluginState::Active, 1));
///
/// let lease = plugin.enter()?;
/// assert_eq!(*lease.instance(), "hi");
/// assert_eq!(plugin.in_flight(), 1);
/// # Ok(()) }
/// ```
pub struct PluginHandle<I> {
    published: Arc<Published>,
    slot: Slot<I>,
}

impl<I: Send + Sync + 'static> PluginHandle<I> {
    pub(super) fn new(published: Arc<Published>, slot: Slot<I>) -> Self {
        Self { published, slot }
    }

    /// Name it was registered under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.published.name
    }

    /// Where it is in its life.
    #[must_use]
    pub fn state(&self) -> PluginState {
        self.published.read(|snapshot| snapshot.state)
    }

    /// Number of the generation that serves, or was the last to; 0 before the first.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.published.read(|snapshot| snapshot.generation)
    }

    /// How many requests and leases are inside, of all generations.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.published.read(|snapshot| snapshot.in_flight())
    }

    /// Who is inside: the oldest `limit`, and how many there are in which phase, of all
    /// generations. Without [`track_requests`](crate::Registration::track_requests), only how
    /// many.
    #[must_use]
    pub fn requests(&self, limit: usize) -> RequestsReport {
        self.published.requests(limit)
    }

    /// Earlier generations that requests or leases still hold, oldest first.
    #[must_use]
    pub fn leftovers(&self) -> Vec<Leftover> {
        self.published.read(Snapshot::leftovers)
    }

    /// What became of its requests, of all generations.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.slot.counters()
    }

    /// How long its requests took; `None` where no [`LatencyLayer`](crate::LatencyLayer) was ever
    /// made for it.
    #[must_use]
    pub fn latency(&self) -> Option<Latency> {
        self.slot.latency()
    }

    /// Why the last operation on it failed, until one succeeds.
    #[must_use]
    pub fn last_error(&self) -> Option<String> {
        self.published.read(|snapshot| {
            snapshot
                .last_error
                .as_ref()
                .map(|error| error.message.clone())
        })
    }

    /// Takes a lease on the instance that serves.
    ///
    /// # Errors
    ///
    /// [`Rejected`], with the plugin's state, when none does.
    pub fn enter(&self) -> Result<Lease<I>, Rejected> {
        self.slot.enter()
    }
}

impl<I: Send + Sync + 'static> HasSlot for PluginHandle<I> {
    type Instance = I;

    fn slot(&self) -> &Slot<I> {
        &self.slot
    }
}

impl<I> Clone for PluginHandle<I> {
    fn clone(&self) -> Self {
        Self {
            published: Arc::clone(&self.published),
            slot: self.slot.clone(),
        }
    }
}

impl<I> fmt::Debug for PluginHandle<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginHandle")
            .field("name", &self.published.name)
            .field("state", &self.published.read(|snapshot| snapshot.state))
            .finish_non_exhaustive()
    }
}
