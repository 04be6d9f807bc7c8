//! Instances that reserve something in `poll_ready`.

use std::future::pending;

use http::Request;
use tokio_test::{assert_pending, assert_ready_ok, task};
use tower::limit::{ConcurrencyLimit, ConcurrencyLimitLayer};
use tower::{Layer, Service, service_fn};
use tower_plugin_gate::{PluginState, ResponseBody};
use tower_plugin_swap::{SwapLayer, SwapService};

use crate::support::{Reply, mocked, open, reply, request, swap};

#[test]
fn clone_of_a_ready_service_is_not_ready_and_the_ready_one_is_called_without_panic() {
    let (instance, mut handle) = mocked();
    handle.allow(9);
    let slot = open(ConcurrencyLimit::new(instance, 1));
    let mut ready = task::spawn(SwapService::new(&slot));
    assert_ready_ok!(ready.enter(|cx, mut service| service.poll_ready(cx)));
    let mut clone = task::spawn((*ready).clone());
    assert_pending!(clone.enter(|cx, mut service| service.poll_ready(cx)));

    let future = ready.enter(|_, mut service| service.call(request()));
    assert_pending!(clone.enter(|cx, mut service| service.poll_ready(cx)));
    drop(future);
    assert!(clone.is_woken());
    assert_ready_ok!(clone.enter(|cx, mut service| service.poll_ready(cx)));
}

#[test]
fn new_generation_does_not_wait_for_the_limit_of_the_old_one() {
    let ((first, mut old), (second, mut new)) = (mocked(), mocked());
    old.allow(9);
    new.allow(9);
    let slot = open(ConcurrencyLimit::new(first, 1));
    let mut service = task::spawn(SwapService::new(&slot));
    assert_ready_ok!(service.enter(|cx, mut service| service.poll_ready(cx)));
    let _busy = service.enter(|_, mut service| service.call(request()));
    assert_pending!(service.enter(|cx, mut service| service.poll_ready(cx)));

    swap(&slot, ConcurrencyLimit::new(second, 1));
    assert!(service.is_woken());
    assert_ready_ok!(service.enter(|cx, mut service| service.poll_ready(cx)));
}

#[test]
fn swapped_in_limit_holds_for_all_clones_and_starts_anew_with_each_generation() {
    let slot = open(ConcurrencyLimitLayer::new(1));
    let handler = service_fn(|_: Request<()>| pending::<Result<Reply, std::io::Error>>());
    let service = SwapLayer::new(&slot).layer(handler);
    let clone = || task::spawn(service.clone());
    let (mut first, mut second) = (clone(), clone());
    assert_ready_ok!(first.enter(|cx, mut service| service.poll_ready(cx)));
    assert_pending!(second.enter(|cx, mut service| service.poll_ready(cx)));
    let busy = first.enter(|_, mut service| service.call(request()));
    assert_pending!(second.enter(|cx, mut service| service.poll_ready(cx)));

    swap(&slot, ConcurrencyLimitLayer::new(1));
    assert!(second.is_woken());
    assert_ready_ok!(second.enter(|cx, mut service| service.poll_ready(cx)));
    let mut third = clone();
    assert_pending!(third.enter(|cx, mut service| service.poll_ready(cx)));
    drop(busy);
    assert_pending!(third.enter(|cx, mut service| service.poll_ready(cx)));
    drop(second);
    assert!(third.is_woken(), "the reservation went with the clone");
    assert_ready_ok!(third.enter(|cx, mut service| service.poll_ready(cx)));
}

#[test]
fn reservation_in_a_generation_that_is_gone_is_given_back() {
    let (inner, mut handle) = mocked();
    handle.allow(9);
    let slot = open(ConcurrencyLimitLayer::new(1));
    let mut service = task::spawn(SwapLayer::new(&slot).layer(inner));
    assert_ready_ok!(service.enter(|cx, mut service| service.poll_ready(cx)));
    slot.close(PluginState::Disabled);
    let mut future = task::spawn(service.enter(|_, mut service| service.call(request())));
    assert_eq!(assert_ready_ok!(future.poll()).status(), 503);
}

#[tokio::test]
async fn limit_is_held_to_the_head_and_the_gate_to_the_end_of_the_body() {
    let slot = open(ConcurrencyLimitLayer::new(1));
    let handler = service_fn(|_: Request<()>| async { Ok::<_, std::io::Error>(reply("hello")) });
    let mut service = task::spawn(SwapLayer::new(&slot).layer(handler));
    let mut bodies: Vec<ResponseBody<_>> = Vec::new();
    for inside in 1..=3 {
        assert_ready_ok!(service.enter(|cx, mut service| service.poll_ready(cx)));
        let future = service.enter(|_, mut service| service.call(request()));
        bodies.push(future.await.unwrap().into_body());
        assert_eq!(slot.in_flight(), inside);
    }
    drop(bodies);
    assert_eq!(slot.in_flight(), 0);
}
