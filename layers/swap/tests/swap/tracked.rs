//! Swappable services of a plugin whose requests are tracked.

use std::time::Duration;

use http::{Method, Request};
use tower::layer::util::Identity;
use tower::{Layer, Service, ServiceExt};
use tower_plugin_gate::{Generation, OnClosed, PluginState, RequestPhase, Slot};
use tower_plugin_swap::{SwapLayer, SwapService};

use crate::support::Numbered;

fn open<T: Send + Sync + 'static>(instance: T) -> Slot<T> {
    let slot = Slot::tracked("plugin", PluginState::Loading);
    slot.open(Generation::new(1, instance));
    slot
}

fn get() -> Request<()> {
    Request::get("/a?b").body(()).unwrap()
}

/// The one there is, in its body, and its generation.
fn assert_listed<T>(slot: &Slot<T>, generation: u64) {
    let seen = slot.requests(9).expect("they are tracked");
    assert_eq!(seen.total, 1);
    let only = &seen.requests[0];
    assert_eq!(
        (&only.method, only.path.as_deref()),
        (&Some(Method::GET), Some("/a"))
    );
    assert_eq!(
        (only.phase, only.generation),
        (RequestPhase::Body, generation)
    );
}

fn assert_gone<T>(slot: &Slot<T>) {
    assert_eq!(slot.requests(9).expect("they are tracked").total, 0);
}

/// By the service that was polled ready, and by a fresh one.
#[tokio::test]
async fn request_is_listed_whichever_way_it_gets_to_the_instance() {
    let slot = open(Numbered::new(1));
    let mut service = SwapService::new(&slot);
    for generation in 1..4 {
        let ready = ServiceExt::<Request<()>>::ready(&mut service)
            .await
            .unwrap();
        let response = ready.call(get()).await.unwrap();
        assert_listed(&slot, generation);
        drop(response);
        let response = service.clone().oneshot(get()).await.unwrap();
        assert_listed(&slot, generation);
        drop(response);
        assert_gone(&slot);
        slot.open(Generation::new(generation + 1, Numbered::new(2)));
    }
}

#[tokio::test]
async fn request_through_a_swapped_layer_is_listed() {
    let slot = open(Identity::new());
    let inner = Numbered::new(1);
    let response = SwapLayer::new(&slot).layer(inner.clone()).oneshot(get());
    let response = response.await.unwrap();
    assert_listed(&slot, 1);
    drop(response);
    let layer = SwapLayer::new(&slot).on_closed(OnClosed::Bypass);
    let response = layer.layer(inner.clone()).oneshot(get()).await.unwrap();
    assert_listed(&slot, 1);
    drop(response);
    assert_gone(&slot);

    slot.close(PluginState::Disabled);
    let bypassed = layer.layer(inner).oneshot(get()).await.unwrap();
    assert_gone(&slot);
    drop(bypassed);
}

#[tokio::test(start_paused = true)]
async fn held_request_is_listed_once_its_turn_has_come() {
    let slot = open(Numbered::new(1));
    slot.close(PluginState::Reloading);
    let hold = OnClosed::Hold {
        max_wait: Duration::from_secs(5),
        max_held: 10,
    };
    let service = SwapService::new(&slot).on_closed(hold);
    let call = tokio::spawn(service.oneshot(get()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(slot.held(), 1);
    assert_gone(&slot);
    slot.open(Generation::new(2, Numbered::new(2)));
    let response: http::Response<_> = call.await.unwrap().unwrap();
    assert_listed(&slot, 2);
    drop(response);
    assert_gone(&slot);
}
