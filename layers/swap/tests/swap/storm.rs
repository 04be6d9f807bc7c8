//! Swaps under load from many tasks and threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tower::{Layer, Service, ServiceExt};
use tower_plugin_gate::{Generation, Slot};
use tower_plugin_swap::{SwapLayer, SwapService};

use crate::support::{Numbered, Reply, Stamp, open, request};

const TASKS: usize = 8;
/// At least so many requests of each task, and at least so many swaps meanwhile.
const REQUESTS: usize = 1_000;
const SWAPS: u64 = 100;

/// Calls from many tasks, by one clone for all requests and by one clone for each, while `swap`
/// goes on. Everything must be answered 200; says how many that were.
async fn load<S, B>(service: S, mut swap: impl FnMut(u64) + Send + 'static) -> usize
where
    S: Service<Request<()>, Response = http::Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: std::fmt::Debug + Send,
    B: http_body::Body + Send,
    B::Data: Send,
    B::Error: std::fmt::Debug,
{
    let (stop, swaps) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let swapping = std::thread::spawn({
        let (stop, swaps) = (Arc::clone(&stop), Arc::clone(&swaps));
        move || {
            while !stop.load(Ordering::Relaxed) {
                swap(swaps.fetch_add(1, Ordering::Relaxed) + 2);
                std::thread::yield_now();
            }
        }
    });
    let tasks = (0..TASKS).map(|task| {
        let (mut service, swaps) = (service.clone(), Arc::clone(&swaps));
        tokio::spawn(async move {
            let mut served = 0;
            while served < REQUESTS || swaps.load(Ordering::Relaxed) < SWAPS {
                served += 1;
                let response = if task % 2 == 0 {
                    let ready = service.ready().await.unwrap();
                    tokio::task::yield_now().await;
                    ready.call(request()).await.unwrap()
                } else {
                    service.clone().oneshot(request()).await.unwrap()
                };
                assert_eq!(response.status(), StatusCode::OK);
                let body = response.into_body().collect().await.unwrap().to_bytes();
                assert_eq!(body, "hello");
            }
            served
        })
    });
    let mut total = 0;
    for task in tasks.collect::<Vec<_>>() {
        total += task.await.unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    swapping.join().unwrap();
    total
}

fn assert_all_gone<T: Send + Sync + 'static>(old: &[Generation<T>], slot: &Slot<T>) {
    assert!(old.len() as u64 >= SWAPS);
    assert!(old.iter().all(|generation| generation.gate().is_drained()));
    assert_eq!(slot.in_flight(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn service_swapped_under_load_rejects_nothing_and_serves_each_request_once() {
    let (tx, rx) = std::sync::mpsc::channel();
    let slot = open(Numbered::new(1));
    let total = load(SwapService::new(&slot), {
        let slot = slot.clone();
        move |number| {
            let instance = Numbered::new(number as usize);
            let old = slot.open(Generation::new(number, instance));
            tx.send(old.expect("the one before")).unwrap();
        }
    })
    .await;
    let old: Vec<_> = rx.iter().collect();
    assert_all_gone(&old, &slot);
    let last = slot.generation().expect("the last");
    let all = old.iter().chain([&last]);
    assert_eq!(all.map(|one| one.instance().calls()).sum::<usize>(), total);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn layer_swapped_under_load_rejects_nothing_and_wraps_once_a_generation() {
    let (tx, rx) = std::sync::mpsc::channel();
    let slot = open(Stamp::new(1));
    let inner = Numbered::new(0);
    let service = SwapLayer::new(&slot).layer(inner.clone());
    let total = load(service.clone(), {
        let slot = slot.clone();
        move |number| {
            let old = slot.open(Generation::new(number, Stamp::new(number as usize)));
            tx.send(old.expect("the one before")).unwrap();
        }
    })
    .await;
    let old: Vec<_> = rx.iter().collect();
    assert_all_gone(&old, &slot);
    let last = slot.generation().expect("the last");
    let all = || old.iter().chain([&last]).map(Generation::instance);
    assert_eq!(all().map(Stamp::calls).sum::<usize>(), total);
    assert_eq!(inner.calls(), total);
    assert!(all().all(|stamp| stamp.wrapped() <= 1));
    assert!(
        old.iter().all(|one| one.instance().alive() == 0),
        "all let go"
    );
    drop(service);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn slow_readiness_under_swaps_rejects_nothing() {
    use tower::limit::ConcurrencyLimitLayer;

    let slot = open(ConcurrencyLimitLayer::new(2));
    let handler = tower::service_fn(|_: Request<()>| async {
        tokio::task::yield_now().await;
        Ok::<Reply, std::io::Error>(crate::support::reply("hello"))
    });
    let (tx, rx) = std::sync::mpsc::channel();
    load(SwapLayer::new(&slot).layer(handler), {
        let slot = slot.clone();
        move |number| {
            let old = slot.open(Generation::new(number, ConcurrencyLimitLayer::new(2)));
            tx.send(old.expect("the one before")).unwrap();
        }
    })
    .await;
    assert_all_gone(&rx.iter().collect::<Vec<_>>(), &slot);
}
