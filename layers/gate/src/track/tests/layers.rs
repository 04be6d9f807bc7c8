//! Every way into a plugin whose requests are tracked.

use std::time::Duration;

use http::{Method, Request, Response};
use tokio_test::{assert_pending, assert_ready_ok, task};
use tower::{Layer, Service, ServiceExt, service_fn};

use super::requests::{assert_gone, only, open, requests};
use crate::testing::Script;
use crate::testing::Step::Stuck;
use crate::{
    BoxError, Door, Generation, OnClosed, PathSegment, PluginLayer, PluginSet, PluginState,
    RequestPhase, SelectLayer, Slot,
};

/// A handler that answers with a body that never ends.
fn answering() -> impl Service<
    Request<()>,
    Response = Response<Script>,
    Error = BoxError,
    Future = std::future::Ready<Result<Response<Script>, BoxError>>,
> + Clone {
    service_fn(|_| std::future::ready(Ok(Response::new(Script::new([Stuck])))))
}

fn get() -> Request<()> {
    Request::get("/geo/1").body(()).unwrap()
}

fn seen(phase: RequestPhase) -> (Option<Method>, Option<String>, RequestPhase) {
    (Some(Method::GET), Some("/geo/1".to_owned()), phase)
}

fn hold() -> OnClosed {
    OnClosed::Hold {
        max_wait: Duration::from_secs(5),
        max_held: 10,
    }
}

#[test]
fn request_for_a_selected_plugin_is_listed() {
    let slot = open();
    let plugins = PluginSet::new().with(&slot);
    for policy in [None, Some(OnClosed::Reject)] {
        let layer = SelectLayer::new(PathSegment(0), plugins.clone());
        let response = match policy {
            None => assert_ready_ok!(task::spawn(layer.layer(answering()).call(get())).poll()),
            Some(policy) => {
                let mut service = layer.on_closed(policy).layer(answering());
                assert_ready_ok!(task::spawn(service.call(get())).poll())
            }
        };
        assert_eq!(only(&slot), seen(RequestPhase::Body));
        drop(response);
        assert_gone(&slot);
    }
}

#[tokio::test(start_paused = true)]
async fn held_request_is_listed_once_its_turn_has_come() {
    let slot: Slot<()> = Slot::tracked("geo", PluginState::Reloading);
    let service = PluginLayer::new(&slot).on_closed(hold()).layer(answering());
    let mut call = task::spawn(service.oneshot(get()));
    assert_pending!(call.poll());
    assert_gone(&slot);
    slot.open(Generation::new(1, ()));
    let response = assert_ready_ok!(call.poll());
    assert_eq!(only(&slot), seen(RequestPhase::Body));
    drop(response);
    assert_gone(&slot);
}

#[test]
fn bypassed_request_is_not_listed() {
    let slot: Slot<()> = Slot::tracked("geo", PluginState::Failed);
    let service = PluginLayer::new(&slot).on_closed(OnClosed::Bypass);
    let mut call = task::spawn(service.layer(answering()).oneshot(get()));
    let _response = assert_ready_ok!(call.poll());
    assert_eq!(requests(&slot), []);
}

#[tokio::test(start_paused = true)]
async fn request_of_any_kind_is_listed_in_its_head() {
    let slot = open();
    let pending = || service_fn(|()| std::future::pending::<Result<(), BoxError>>());
    let mut service = PluginLayer::any(&slot).layer(pending());
    let call = service.call(());
    assert_eq!(only(&slot), (None, None, RequestPhase::Head));
    drop(call);
    assert_gone(&slot);

    slot.close(PluginState::Reloading);
    let service = PluginLayer::any(&slot).on_closed(hold()).layer(pending());
    let mut call = task::spawn(service.oneshot(()));
    assert_pending!(call.poll());
    assert_eq!(requests(&slot), []);
    slot.open(Generation::new(2, ()));
    assert_pending!(call.poll());
    assert_eq!(only(&slot), (None, None, RequestPhase::Head));
    drop(call);
    assert_gone(&slot);
}

#[test]
fn request_through_a_door_is_listed_also_once_the_door_knows_its_gate() {
    let slot = open();
    let mut door = Door::new(&slot);
    for _ in 0..3 {
        let holder = door.enter_request(&mut get()).expect("it is open");
        assert_eq!(only(&slot), seen(RequestPhase::Head));
        drop(holder);
        let permit = door.enter().expect("it is open");
        assert_eq!(only(&slot), (None, None, RequestPhase::Head));
        drop(permit);
        let lease = door.lease().expect("it is open");
        assert_eq!(only(&slot), (None, None, RequestPhase::Upgraded));
        drop(lease);
        assert_gone(&slot);
    }
    slot.close(PluginState::Disabled);
    assert!(door.enter_request(&mut get()).is_err());
    assert!(door.enter().is_err());
    assert_eq!(slot.counters().rejected, 2);
    assert_gone(&slot);
}
