use std::task::Poll;

use http::Response;
use http_body_util::BodyExt;
use tokio_test::task;
use tower::{Layer, Service, ServiceExt};
use tower_plugin_gate::{OnClosed, PluginState, Slot};
use tower_plugin_swap::{SwapLayer, SwapService};

use super::hold;
use crate::support::{Numbered, Stamp, open, request};

#[derive(Debug, PartialEq)]
enum Then {
    Rejected,
    Held,
    Bypassed,
}

/// Every way to have no instance.
fn closed<T: Send + Sync + 'static>(make: fn(usize) -> T) -> Vec<(&'static str, Slot<T>)> {
    let states = PluginState::ALL.into_iter();
    let mut slots: Vec<_> = states
        .clone()
        .map(|state| (state.as_str(), Slot::new("geo", state)))
        .collect();
    slots.extend(states.map(|state| {
        let slot = open(make(1));
        slot.close(state);
        (state.as_str(), slot)
    }));
    let slot = open(make(1));
    slot.generation().unwrap().gate().close();
    slots.push(("unloading", slot));
    slots
}

fn expected(policy: OnClosed, state: &str) -> Then {
    match policy {
        OnClosed::Reject => Then::Rejected,
        OnClosed::Bypass => Then::Bypassed,
        OnClosed::Hold { .. } if ["loading", "reloading"].contains(&state) => Then::Held,
        OnClosed::Hold { .. } => Then::Rejected,
    }
}

async fn then<S, B>(mut service: S, state: &str) -> Then
where
    S: Service<http::Request<()>, Response = Response<B>, Error: std::fmt::Debug>,
    B: http_body::Body<Error: std::fmt::Debug>,
{
    let ready = service.ready().await.unwrap();
    let mut call = task::spawn(ready.call(request()));
    let Poll::Ready(response) = call.poll() else {
        return Then::Held;
    };
    let response = response.unwrap();
    if response.status() == 200 {
        assert!(!response.headers().contains_key("x-stamped"));
        return Then::Bypassed;
    }
    assert_eq!(response.status(), 503);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body = std::str::from_utf8(&body).unwrap();
    assert!(body.contains(&format!(r#""state":"{state}""#)), "{body}");
    Then::Rejected
}

const POLICIES: [fn() -> OnClosed; 3] = [|| OnClosed::Reject, || hold(8), || OnClosed::Bypass];

#[tokio::test(start_paused = true)]
async fn middleware_meets_the_same_policy_whatever_the_reason() {
    for policy in POLICIES.map(|policy| policy()) {
        for (state, slot) in closed(Stamp::new) {
            let inner = Numbered::new(7);
            let service = SwapLayer::new(&slot).on_closed(policy).layer(inner.clone());
            let then = then(service, state).await;
            assert_eq!(inner.calls(), usize::from(then == Then::Bypassed));
            assert_eq!(then, expected(policy, state), "{state} {policy:?}");
            assert_eq!((slot.held(), slot.in_flight()), (0, 0));
        }
    }
}

/// Behind a plugin that is the service, there is nothing to bypass to.
#[tokio::test(start_paused = true)]
async fn service_meets_the_same_policy_whatever_the_reason_and_bypasses_nothing() {
    for policy in POLICIES.map(|policy| policy()) {
        for (state, slot) in closed(Numbered::new) {
            let service = SwapService::new(&slot).on_closed(policy);
            let expected = match expected(policy, state) {
                Then::Bypassed => Then::Rejected,
                then => then,
            };
            assert_eq!(then(service, state).await, expected, "{state} {policy:?}");
            assert_eq!((slot.held(), slot.in_flight()), (0, 0));
        }
    }
}

/// What the plugin counts is what its clients saw.
#[tokio::test(start_paused = true)]
async fn rejections_are_counted_and_nothing_else_is_for_one() {
    for policy in POLICIES.map(|policy| policy()) {
        let wrapped: Slot<Stamp> = Slot::new("geo", PluginState::Loading);
        let layer = SwapLayer::new(&wrapped).on_closed(policy);
        let seen = then(layer.layer(Numbered::new(0)), "loading").await;
        let counted = wrapped.counters();
        let rejected = u64::from(seen == Then::Rejected);
        assert_eq!(
            (counted.admitted, counted.rejected),
            (0, rejected),
            "{policy:?}"
        );

        let served: Slot<Numbered> = Slot::new("geo", PluginState::Loading);
        let seen = then(SwapService::new(&served).on_closed(policy), "loading").await;
        let counted = served.counters();
        let rejected = u64::from(seen == Then::Rejected);
        assert_eq!(
            (counted.admitted, counted.rejected),
            (0, rejected),
            "{policy:?}"
        );
    }
}
