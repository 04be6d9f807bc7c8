use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use http::{Request, StatusCode};
use tokio::runtime::Builder;
use tokio::sync::Notify;
use tower_layer::Layer;
use tower_plugin_benches::peers::open_slot;
use tower_plugin_benches::{Reply, Site, waker};
use tower_plugin_gate::{PluginLayer, ResponseFuture};
use tower_service::Service;

use crate::report::Report;
use crate::rounds::Spread;

const REQUESTS: usize = 100_000;

/// Counts to [`REQUESTS`].
#[derive(Default)]
struct All {
    count: AtomicUsize,
    full: Notify,
}

impl All {
    fn one(&self) {
        if self.count.fetch_add(1, Ordering::AcqRel) == REQUESTS - 1 {
            self.full.notify_one();
        }
    }

    async fn all(&self) {
        self.full.notified().await;
    }
}

/// Two workers, a task for each request; from `cancel()` until the last has its 503.
fn all_resolved() -> f64 {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let slot = open_slot(());
        let mut service = PluginLayer::new(&slot).layer(Site::STUCK);
        let (polled, resolved) = (Arc::new(All::default()), Arc::new(All::default()));
        for _ in 0..REQUESTS {
            let mut future = Box::pin(service.call(Request::new(())));
            let (polled, resolved) = (Arc::clone(&polled), Arc::clone(&resolved));
            tokio::spawn(async move {
                let first = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
                assert!(first.is_pending());
                polled.one();
                let response = future.await.unwrap();
                assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
                resolved.one();
            });
        }
        polled.all().await;
        let gate = slot.generation().unwrap().gate().clone();
        let start = Instant::now();
        gate.cancel();
        resolved.all().await;
        let took = start.elapsed().as_secs_f64() * 1e3;
        gate.drained().await;
        assert_eq!(gate.counters().cancelled, REQUESTS as u64);
        took
    })
}

/// Bytes a request beyond the service's own future: in the future, and on the heap while it waits.
fn memory(report: &Report) {
    let slot = open_slot(());
    let mut service = PluginLayer::new(&slot).layer(Site::STUCK);
    let waker = waker();
    let mut futures: Vec<Pin<Box<_>>> = (0..REQUESTS)
        .map(|_| Box::pin(service.call(Request::new(()))))
        .collect();
    let counted = allocation_counter::measure(|| {
        for future in &mut futures {
            assert!(
                future
                    .as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
        }
    });
    report.note(&format!(
        "## cancelling {REQUESTS} requests\n\nmemory of a request in flight: {} B in the future ({} B is the service's own), \
         {:.0} B on the heap while it is pending (at most {:.0} B while the list grows)",
        size_of::<ResponseFuture<Reply>>(),
        size_of::<Reply>(),
        counted.bytes_current as f64 / REQUESTS as f64,
        counted.bytes_max as f64 / REQUESTS as f64,
    ));
}

pub(crate) fn measure(report: &mut Report) {
    memory(report);
    let runs = Spread::of((0..report.rounds(9)).map(|_| all_resolved()));
    report.at_most(
        "cancelling 100,000 in-flight requests until the last is answered",
        runs,
        200.0,
        " ms",
    );
}
