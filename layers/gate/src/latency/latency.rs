use std::time::Duration;

/// How long a plugin's requests took, read at one moment.
///
/// ```
/// # use std::convert::Infallible;
/// # use std::time::Duration;
/// # use bytes::Bytes;
/// # use http::{Request, Response};
/// # use http_body_util::Full;
/// use tower::{ServiceBuilder, ServiceExt};
/// use tower_plugin_gate::{Generation, LatencyLayer, PluginLayer, PluginState, Slot};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Infallible> {
/// let slot = Slot::new("geo", PluginState::Loading);
/// slot.open(Generation::new(1, ()));
/// let service = ServiceBuilder::new()
///     .layer(PluginLayer::new(&slot))
///     .layer(LatencyLayer::new(&slot))
///     .service_fn(|_: Request<()>| async {
///         Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello")))
///     });
/// drop(service.oneshot(Request::new(())).await?);
///
/// let latency = slot.latency().expect("a layer records it");
/// assert_eq!(latency.count(), 1);
/// assert!(latency.quantile(0.99) < Some(Duration::from_secs(60)));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Latency {
    /// Upper bounds and how many took no longer, but longer than the bound before.
    counts: Vec<(Duration, u64)>,
    sum: Duration,
}

impl Latency {
    pub(super) fn new(counts: Vec<(Duration, u64)>, sum: Duration) -> Self {
        Self { counts, sum }
    }

    /// How many requests were timed.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().map(|(_, count)| count).sum()
    }

    /// How long they took together.
    #[must_use]
    pub fn sum(&self) -> Duration {
        self.sum
    }

    /// The time that the fraction `q` of the requests did not exceed, to a quarter of itself and
    /// never too short; `None` before the first request. `q` is held to 0–1.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let rank = (q.clamp(0.0, 1.0) * self.count() as f64).ceil().max(1.0) as u64;
        let mut passed = 0;
        let reached = |(_, count): &&(Duration, u64)| {
            passed += count;
            passed >= rank
        };
        self.counts.iter().find(reached).map(|(bound, _)| *bound)
    }

    /// Upper bounds, rising, with how many requests took longer than the bound before but no
    /// longer than this; bounds without any are left out.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        self.counts.iter().copied()
    }
}

#[cfg(all(test, not(tower_plugin_loom)))]
mod tests {
    use super::*;
    use crate::latency::Histogram;

    #[test]
    fn quantiles_are_those_of_the_times_to_a_quarter() {
        let histogram = Histogram::new();
        for millis in 1..=100 {
            histogram.record(Duration::from_millis(millis));
        }
        let latency = histogram.read();
        assert_eq!(
            (latency.count(), latency.sum()),
            (100, Duration::from_millis(5050))
        );
        for (q, millis) in [(0.0, 1), (0.5, 50), (0.99, 99), (1.0, 100), (7.0, 100)] {
            let (found, exact) = (latency.quantile(q), Duration::from_millis(millis));
            assert!(
                found >= Some(exact) && found <= Some(exact * 5 / 4),
                "{q}: {found:?}"
            );
        }
    }

    #[test]
    fn without_requests_there_is_no_quantile() {
        assert_eq!(Histogram::new().read().quantile(0.5), None);
    }
}
