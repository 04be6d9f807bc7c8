use std::convert::Infallible;
use std::task::Poll;

use tokio_test::{assert_pending, assert_ready, assert_ready_ok, task};
use tower::{Layer, Service};

use super::{Script, WAIT, answer_next, call, gated, hold, open, rejected, status_and_text};
use crate::PluginState::{Active, Disabled, Failed, Loading, Reloading, Unloading};
use crate::testing::open_slot;
use crate::{
    BoxError, Generation, OnClosed, PathSegment, PluginLayer, PluginSet, PluginState, SelectLayer,
    Slot,
};

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Then {
    /// With the state it is told.
    Rejected(PluginState),
    Held,
    Bypassed,
}

/// Every way to have no instance: what the slot was told, and how a request sees it.
fn closed() -> Vec<(&'static str, Slot<()>, PluginState)> {
    let mut slots: Vec<_> = PluginState::ALL
        .into_iter()
        .map(|state| ("never opened", Slot::new("geo", state), state))
        .collect();
    for state in PluginState::ALL {
        let (slot, _) = open_slot();
        // A request keeps the generation from being drained.
        std::mem::forget(slot.enter());
        slot.close(state);
        slots.push(("draining", slot, state));
    }
    let (slot, gate) = open_slot();
    gate.close();
    slots.push(("gate closed past the slot", slot, Unloading));
    let (slot, gate) = open_slot();
    gate.cancel();
    slots.push(("cancelled past the slot", slot, Unloading));
    let (slot, gate) = open_slot();
    gate.close();
    let closed = slot.generation().unwrap();
    slot.close(Reloading);
    slot.open(closed);
    slots.push(("opened with a generation that is closed", slot, Unloading));
    slots
}

fn expected(policy: OnClosed, state: PluginState) -> Then {
    match policy {
        OnClosed::Reject => Then::Rejected(state),
        OnClosed::Bypass => Then::Bypassed,
        OnClosed::Hold { .. } => match state {
            Loading | Reloading => Then::Held,
            Active | Unloading | Failed | Disabled => Then::Rejected(state),
        },
    }
}

const POLICIES: [fn() -> OnClosed; 3] = [|| OnClosed::Reject, || hold(8), || OnClosed::Bypass];

/// Runs `request` for every reason why there is no instance, and every policy.
fn table(request: impl Fn(&Slot<()>, OnClosed) -> Then) {
    for policy in POLICIES.map(|policy| policy()) {
        for (how, slot, state) in closed() {
            let then = request(&slot, policy);
            assert_eq!(then, expected(policy, state), "{how} {state} {policy:?}");
            assert_eq!(
                (slot.held(), slot.in_flight()),
                (0, 0),
                "nobody stays behind"
            );
        }
    }
}

/// The state that a rejection names.
fn state_in(text: &str) -> PluginState {
    let named = |state: &PluginState| {
        text.contains(&format!(" is {state}")) || text.contains(&format!(" has {state}"))
    };
    PluginState::ALL.into_iter().find(named).expect(text)
}

#[tokio::test(start_paused = true)]
async fn http_request_meets_the_same_policy_whatever_the_reason() {
    table(|slot, policy| {
        let (mut service, mut handle) = gated(slot, policy);
        let mut call = call(&mut service, "/");
        match call.poll() {
            Poll::Pending if slot.held() == 1 => Then::Held,
            Poll::Pending => {
                answer_next(&mut handle);
                assert_eq!(assert_ready_ok!(call.poll()).status(), 200);
                Then::Bypassed
            }
            Poll::Ready(response) => {
                let (status, text) = status_and_text(response.unwrap());
                assert_eq!(status, 503);
                Then::Rejected(state_in(&text))
            }
        }
    });
}

#[tokio::test(start_paused = true)]
async fn request_of_any_kind_meets_the_same_policy_whatever_the_reason() {
    table(|slot, policy| {
        let echo = tower::service_fn(|n: u8| async move { Ok::<_, Infallible>(n) });
        let mut service = PluginLayer::any(slot).on_closed(policy).layer(echo);
        let mut call = task::spawn(service.call(1));
        match call.poll() {
            Poll::Pending => Then::Held,
            Poll::Ready(Ok(_)) => Then::Bypassed,
            Poll::Ready(Err(error)) => Then::Rejected(rejected(&error).state()),
        }
    });
}

#[tokio::test(start_paused = true)]
async fn request_for_a_selected_plugin_meets_the_same_policy_whatever_the_reason() {
    table(|slot, policy| {
        let answer = tower::service_fn(|_: http::Request<()>| async {
            Ok::<_, BoxError>(http::Response::new(Script::default()))
        });
        let plugins = PluginSet::new().with(slot);
        let layer = SelectLayer::grpc(PathSegment(0), plugins).on_closed(policy);
        let mut service = layer.layer(answer);
        let mut call = task::spawn(service.call(http::Request::get("/geo").body(()).unwrap()));
        match call.poll() {
            Poll::Pending => Then::Held,
            Poll::Ready(response) => match response.unwrap().headers().get("grpc-message") {
                None => Then::Bypassed,
                Some(message) => Then::Rejected(state_in(message.to_str().unwrap())),
            },
        }
    });
}

/// While a request is held, every way there is for the slot to change.
#[tokio::test(start_paused = true)]
async fn held_request_is_told_at_once_what_the_slot_changes_to() {
    for before in [Loading, Reloading] {
        for after in PluginState::ALL {
            let slot: Slot<()> = Slot::new("geo", before);
            let mut held = task::spawn(slot.hold(WAIT, 1).unwrap());
            assert_pending!(held.poll());
            slot.close(after);
            if after.is_starting() {
                assert!(!held.is_woken(), "{after}");
                assert_pending!(held.poll());
                assert_eq!(slot.held(), 1);
            } else {
                assert!(held.is_woken(), "{after}");
                assert_eq!(slot.held(), 0);
                let rejected = assert_ready!(held.poll()).expect_err("it is not coming back");
                assert_eq!(rejected.state(), after);
                assert!(!rejected.is_hold_timeout() && !rejected.is_hold_full());
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn generation_that_is_closed_already_turns_away_who_is_held() {
    let slot = super::reloading();
    let mut held = task::spawn(slot.hold(WAIT, 1).unwrap());
    let closed = Generation::new(1, ());
    closed.gate().close();
    slot.open(closed);
    let rejected = assert_ready!(held.poll()).expect_err("nobody gets in");
    assert_eq!(rejected.state(), Unloading);
    open(&slot, 2);
    assert_eq!(slot.in_flight(), 0);
}
