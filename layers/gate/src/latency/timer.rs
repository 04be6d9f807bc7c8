use std::sync::Arc;
use std::time::Instant;

use super::Histogram;

/// Runs until it is dropped, and then records how long that was.
#[derive(Debug)]
pub(super) struct Timer {
    started: Instant,
    histogram: Arc<Histogram>,
}

impl Timer {
    pub(super) fn start(histogram: &Arc<Histogram>) -> Self {
        Self {
            started: Instant::now(),
            histogram: Arc::clone(histogram),
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.histogram.record(self.started.elapsed());
    }
}
