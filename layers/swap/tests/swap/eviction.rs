//! Nothing old is kept by a middleware that nobody uses any more.

use std::sync::Arc;

use tower::{Layer, ServiceExt};
use tower_plugin_gate::{Generation, PluginState};
use tower_plugin_swap::SwapLayer;

use crate::support::{Numbered, Stamp, open, request, send, swap};

#[tokio::test]
async fn idle_middleware_lets_go_of_the_old_instance_as_soon_as_it_is_replaced() {
    let (first, second, third) = (Stamp::new(1), Stamp::new(2), Stamp::new(3));
    let slot = open(first.clone());
    let service = SwapLayer::new(&slot).layer(Numbered::new(0));
    service.clone().oneshot(request()).await.unwrap();
    assert_eq!(first.alive(), 1, "kept for the next request");
    swap(&slot, second.clone());
    assert_eq!(first.alive(), 0);

    service.clone().oneshot(request()).await.unwrap();
    assert_eq!(second.alive(), 1);
    swap(&slot, third.clone());
    assert_eq!(second.alive(), 0);
    drop(service);
    assert_eq!(third.alive(), 0);
}

#[tokio::test]
async fn idle_middleware_lets_go_of_the_instance_as_soon_as_the_slot_is_closed() {
    let (first, second) = (Stamp::new(1), Stamp::new(2));
    let slot = open(first.clone());
    let service = SwapLayer::new(&slot).layer(Numbered::new(0));
    service.clone().oneshot(request()).await.unwrap();
    slot.close(PluginState::Disabled);
    assert_eq!(first.alive(), 0);
    assert_eq!(
        service.clone().oneshot(request()).await.unwrap().status(),
        503
    );

    slot.open(Generation::new(2, second.clone()));
    service.clone().oneshot(request()).await.unwrap();
    assert_eq!(
        (second.calls(), second.wrapped(), second.alive()),
        (1, 1, 1)
    );
}

#[tokio::test]
async fn used_clone_lets_go_when_it_is_used_again() {
    let first = Stamp::new(1);
    let slot = open(first.clone());
    let mut service = SwapLayer::new(&slot).layer(Numbered::new(0));
    send(&mut service).await;
    swap(&slot, Stamp::new(2));
    assert_eq!(first.alive(), 1, "its own clone");
    send(&mut service).await;
    assert_eq!(first.alive(), 0);
}

#[tokio::test]
async fn middleware_that_is_dropped_leaves_nothing_behind_in_the_slot() {
    let slot = open(Stamp::new(1));
    let inner = Numbered::new(0);
    let service = SwapLayer::new(&slot).layer(inner.clone());
    service.clone().oneshot(request()).await.unwrap();
    assert!(Arc::strong_count(&inner.calls) > 1);
    drop(service);
    assert_eq!(Arc::strong_count(&inner.calls), 1);
}
