use std::time::Duration;

use tokio::time::advance;
use tokio_test::{assert_pending, assert_ready, assert_ready_ok, task};

use super::{
    OnClosed, WAIT, assert_not_called, call, gated, hold, open, reloading, status_and_text,
};
use crate::{PluginLayer, PluginState, Slot};

#[tokio::test(start_paused = true)]
async fn request_is_rejected_when_it_was_held_long_enough_and_told_so() {
    let slot = reloading();
    let (mut service, mut handle) = gated(&slot, hold(1));
    let mut call = call(&mut service, "/");
    assert_pending!(call.poll());
    advance(WAIT - Duration::from_millis(10)).await;
    assert!(!call.is_woken());
    assert_pending!(call.poll());
    advance(Duration::from_millis(11)).await;
    assert!(call.is_woken());
    let (status, text) = status_and_text(assert_ready_ok!(call.poll()));
    assert_eq!(status, 503);
    let message = r#""state":"reloading","message":"plugin `geo` is reloading and did not come back while the request was held; retry shortly""#;
    assert!(text.contains(message), "{text}");
    assert_eq!(slot.held(), 0);
    open(&slot, 1);
    assert_eq!(slot.in_flight(), 0);
    assert_not_called(&mut handle);
}

#[tokio::test(start_paused = true)]
async fn timeout_names_the_state_that_the_plugin_is_in_by_then() {
    let slot: Slot<()> = Slot::new("geo", PluginState::Loading);
    let mut held = task::spawn(slot.hold(WAIT, 1).unwrap());
    assert_pending!(held.poll());
    slot.close(PluginState::Reloading);
    advance(WAIT).await;
    let rejected = assert_ready!(held.poll()).expect_err("the time has passed");
    assert!(rejected.is_hold_timeout() && !rejected.is_hold_full());
    assert_eq!(rejected.state(), PluginState::Reloading);
    assert!(rejected.is_transient());
}

#[tokio::test(start_paused = true)]
async fn turn_that_came_in_time_counts_though_it_is_seen_late() {
    let slot = reloading();
    let mut held = task::spawn(slot.hold(WAIT, 1).unwrap());
    assert_pending!(held.poll());
    open(&slot, 1);
    advance(2 * WAIT).await;
    assert_ready_ok!(held.poll());
}

#[tokio::test(start_paused = true)]
async fn request_too_many_is_rejected_at_once_and_told_so() {
    let slot = reloading();
    let (mut service, _handle) = gated(&slot, hold(2));
    let clone = &mut service.clone();
    let mut first = call(&mut service, "/");
    let mut second = call(clone, "/");
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    let (status, text) = status_and_text(assert_ready_ok!(call(clone, "/").poll()));
    assert_eq!(status, 503);
    assert!(text.contains("and no more requests may be held"), "{text}");
    assert_eq!(slot.held(), 2);
    drop(first);
    assert_pending!(call(clone, "/").poll());
}

#[tokio::test(start_paused = true)]
async fn services_in_front_of_one_plugin_count_together() {
    let slot = reloading();
    let (mut wide, _one) = gated(&slot, hold(3));
    let (mut narrow, _two) = gated(&slot, hold(1));
    let _first = call(&mut wide, "/");
    assert_ready_ok!(call(&mut narrow, "/").poll());
    assert_eq!(slot.held(), 1);
    let _second = call(&mut wide, "/");
    assert_eq!(slot.held(), 2);
    assert!(
        slot.hold(WAIT, 2)
            .is_err_and(|rejected| rejected.is_hold_full())
    );
}

#[tokio::test(start_paused = true)]
async fn bounds_of_nothing_hold_nobody() {
    let slot = reloading();
    let (mut service, _handle) = gated(&slot, hold(0));
    assert_ready_ok!(call(&mut service, "/").poll());

    let at_once = OnClosed::Hold {
        max_wait: Duration::ZERO,
        max_held: 1,
    };
    let (mut service, _handle) = gated(&slot, at_once);
    let mut call = call(&mut service, "/");
    tokio::task::yield_now().await;
    let (status, text) = status_and_text(assert_ready_ok!(call.poll()));
    assert_eq!(status, 503);
    assert!(text.contains("did not come back"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn wait_without_an_end_is_no_overflow() {
    let slot = reloading();
    let mut held = task::spawn(slot.hold(Duration::MAX, 1).unwrap());
    assert_pending!(held.poll());
    advance(Duration::from_secs(3600)).await;
    assert_pending!(held.poll());
    open(&slot, 1);
    assert_ready_ok!(held.poll());
}

#[tokio::test(start_paused = true)]
async fn grpc_call_is_told_why_it_was_not_held() {
    let slot = reloading();
    let layer = PluginLayer::grpc(&slot).on_closed(hold(0));
    let (mut service, _handle) = tower_test::mock::spawn_layer(layer);
    let response = assert_ready_ok!(call(&mut service, "/").poll());
    assert_eq!(response.headers()["grpc-status"], "14");
    let message = response.headers()["grpc-message"].to_str().unwrap();
    assert!(
        message.contains("no more requests may be held"),
        "{message}"
    );
}

#[tokio::test(start_paused = true)]
async fn who_waits_again_is_ahead_of_those_who_came_later_and_has_no_time_added() {
    let slot = reloading();
    let mut first = task::spawn(slot.hold(WAIT, 2).unwrap());
    assert_pending!(first.poll());
    advance(WAIT / 2).await;
    open(&slot, 1);
    drop(assert_ready_ok!(first.poll()));
    slot.close(PluginState::Reloading);
    let mut later = task::spawn(slot.hold(WAIT, 2).unwrap());
    first.enter(|_, held| held.rejoin()).unwrap();
    assert_pending!(first.poll());
    assert_pending!(later.poll());
    assert_eq!(slot.held(), 2);
    advance(WAIT / 2 + Duration::from_millis(1)).await;
    let rejected = assert_ready!(first.poll()).expect_err("its time has passed");
    assert!(rejected.is_hold_timeout());
    assert_pending!(later.poll());

    slot.close(PluginState::Disabled);
    let rejected = first.enter(|_, held| held.rejoin()).expect_err("disabled");
    assert_eq!(rejected.state(), PluginState::Disabled);
}
