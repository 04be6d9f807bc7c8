use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Latency;

/// Each power of two of nanoseconds is divided into this many buckets.
const STEPS: usize = 4;
const STEP_BITS: u32 = STEPS.ilog2();

/// Times in buckets whose width grows with the time: a time is known to a quarter of itself.
///
/// The counts are Relaxed: numbers to show, they order nothing.
pub(crate) struct Histogram {
    counts: Box<[AtomicU64]>,
    nanos: AtomicU64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        let buckets = bucket(u64::MAX) + 1;
        Self {
            counts: (0..buckets).map(|_| AtomicU64::new(0)).collect(),
            nanos: AtomicU64::new(0),
        }
    }

    pub(crate) fn record(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.counts[bucket(nanos)].fetch_add(1, Ordering::Relaxed);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Latency {
        let counts = self.counts.iter().enumerate();
        let counts = counts.map(|(bucket, count)| (bound(bucket), count.load(Ordering::Relaxed)));
        let sum = Duration::from_nanos(self.nanos.load(Ordering::Relaxed));
        Latency::new(counts.filter(|(_, count)| *count > 0).collect(), sum)
    }
}

/// Small times have a bucket each, others one of the steps of their power of two.
fn bucket(nanos: u64) -> usize {
    let Some(above) = nanos
        .checked_ilog2()
        .and_then(|log| log.checked_sub(STEP_BITS))
    else {
        return nanos as usize;
    };
    let step = (nanos >> above) as usize - STEPS;
    (above as usize + 1) * STEPS + step
}

/// The largest time in a bucket.
fn bound(bucket: usize) -> Duration {
    let Some(above) = (bucket / STEPS).checked_sub(1) else {
        return Duration::from_nanos(bucket as u64);
    };
    let first_after = (STEPS + bucket % STEPS + 1) as u128;
    let last = (first_after << above) - 1;
    Duration::from_nanos(u64::try_from(last).unwrap_or(u64::MAX))
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read().fmt(f)
    }
}

#[cfg(all(test, not(tower_plugin_loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_time_is_in_the_first_bucket_whose_bound_it_does_not_pass() {
        let times = (0..2000).chain([1_000_000, 123_456_789, u64::MAX / 3, u64::MAX - 1, u64::MAX]);
        for nanos in times {
            let (time, bucket) = (Duration::from_nanos(nanos), bucket(nanos));
            assert!(
                time <= bound(bucket),
                "{nanos} ns is past {:?}",
                bound(bucket)
            );
            if bucket > 0 {
                assert!(
                    time > bound(bucket - 1),
                    "{nanos} ns fits {:?}",
                    bound(bucket - 1)
                );
            }
            let error = bound(bucket).saturating_sub(time);
            assert!(
                error.as_nanos() * 4 <= u128::from(nanos.max(4)),
                "{nanos} ns off by {error:?}"
            );
        }
    }
}
