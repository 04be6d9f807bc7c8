use std::sync::Arc;

use tower_layer::Layer;

use super::{Histogram, LatencyService};
use crate::HasSlot;

/// Times the requests of a plugin, from the call until the response body ends.
///
/// Put it inside the plugin's own layer, so that only requests that were let in are timed. What it
/// finds is read with [`Slot::latency`](crate::Slot::latency); all layers of one plugin record into
/// one place. It costs two looks at the clock a request, some 50 ns.
///
/// See [`Latency`](crate::Latency) for an example.
#[derive(Debug, Clone)]
pub struct LatencyLayer {
    histogram: Arc<Histogram>,
}

impl LatencyLayer {
    /// A layer that records for `plugin`.
    #[must_use]
    pub fn new<P: HasSlot>(plugin: &P) -> Self {
        Self {
            histogram: plugin.slot().raw.histogram(),
        }
    }
}

impl<S> Layer<S> for LatencyLayer {
    type Service = LatencyService<S>;

    fn layer(&self, inner: S) -> LatencyService<S> {
        LatencyService::new(inner, Arc::clone(&self.histogram))
    }
}
