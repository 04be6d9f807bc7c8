use http::{Method, Request, Response};
use tokio_test::{assert_pending, assert_ready, assert_ready_ok, task};
use tower::{Layer, Service};

use super::{gated, in_flight};
use crate::testing::{Script, open_slot};
use crate::{Generation, Lease, PluginLayer, PluginState, Slot};

fn websocket() -> Request<()> {
    Request::get("/chat")
        .header("connection", "keep-alive, Upgrade")
        .header("upgrade", "websocket")
        .body(())
        .unwrap()
}

fn connect() -> Request<()> {
    let mut request = Request::new(());
    *request.method_mut() = Method::CONNECT;
    request
}

#[test]
fn lease_of_an_upgrade_keeps_counting_after_the_response_body_is_dropped() {
    for request in [websocket(), connect()] {
        let (slot, gate) = open_slot();
        let (mut service, mut handle) = gated(PluginLayer::new(&slot));
        let (mut call, mut seen, respond) = in_flight(&mut service, &mut handle, request);
        let lease: Lease = seen.extensions_mut().remove().expect("a lease");
        drop(seen);
        assert_eq!(gate.in_flight(), 1, "one request, one count");

        respond.send_response(Response::new(Script::default()));
        drop(assert_ready_ok!(call.poll()));
        assert_eq!(gate.in_flight(), 1);

        slot.close(PluginState::Reloading);
        let mut cancelled = task::spawn(lease.cancelled());
        assert_pending!(cancelled.poll());
        gate.cancel();
        assert!(cancelled.is_woken());
        assert_ready!(cancelled.poll());
        drop(cancelled);
        drop(lease);
        assert!(gate.is_drained());
        assert_eq!(gate.cancelled_count(), 1);
    }
}

#[test]
fn upgrade_request_without_a_head_is_cancelled_as_any_other() {
    let (slot, gate) = open_slot();
    let (mut service, mut handle) = gated(PluginLayer::new(&slot));
    let (mut call, seen, _respond) = in_flight(&mut service, &mut handle, websocket());
    drop(seen);
    gate.cancel();
    assert!(call.is_woken());
    assert_eq!(assert_ready_ok!(call.poll()).status(), 503);
    assert!(gate.is_drained());
    assert_eq!(gate.cancelled_count(), 1);
}

#[test]
fn upgrade_that_nobody_took_up_is_completed_with_its_body() {
    let (slot, gate) = open_slot();
    let (mut service, mut handle) = gated(PluginLayer::new(&slot));
    let (mut call, seen, respond) = in_flight(&mut service, &mut handle, websocket());
    drop(seen);
    respond.send_response(Response::new(Script::default().knowing_its_end()));
    gate.cancel();
    let response = assert_ready_ok!(call.poll());
    assert_eq!(response.status(), 200);
    assert!(
        gate.is_drained(),
        "the body is empty and nobody holds the lease"
    );
    assert_eq!(gate.cancelled_count(), 0);
}

#[test]
fn only_requests_for_an_upgrade_carry_a_lease() {
    let (slot, _) = open_slot();
    let (mut service, mut handle) = gated(PluginLayer::new(&slot));
    let half = Request::get("/").header("upgrade", "h2c").body(()).unwrap();
    for request in [Request::new(()), half] {
        let (_call, seen, _respond) = in_flight(&mut service, &mut handle, request);
        assert!(seen.extensions().is_empty());
    }
}

#[test]
fn rejected_upgrade_request_is_given_no_lease() {
    let (slot, gate) = open_slot();
    let (mut service, _handle) = gated(PluginLayer::new(&slot));
    assert_ready_ok!(service.poll_ready::<Request<()>>());
    slot.close(PluginState::Disabled);
    let mut call = super::call(&mut service, websocket());
    assert_eq!(assert_ready_ok!(call.poll()).status(), 503);
    assert_eq!(gate.in_flight(), 0);
}

/// Two plugins around one handler: the lease that the handler finds holds both.
#[test]
fn lease_of_nested_plugins_holds_every_one_of_them_and_hears_of_each() {
    for cancel_outer in [false, true] {
        let outer = Slot::new("outer", PluginState::Loading);
        let inner = Slot::new("inner", PluginState::Loading);
        outer.open(Generation::new(1, "outer"));
        inner.open(Generation::new(7, 7_u8));
        let outer_gate = outer.generation().expect("it is open").gate().clone();
        let inner_gate = inner.generation().expect("it is open").gate().clone();

        let (mut mock, mut handle) = tower_test::mock::spawn_with(|mock| {
            PluginLayer::new(&outer).layer(PluginLayer::new(&inner).layer(mock))
        });
        assert_ready_ok!(mock.poll_ready());
        let mut call = task::spawn(mock.get_mut().call(websocket()));
        let (mut seen, respond) = super::seen(&mut handle);
        let lease: Lease = seen.extensions_mut().remove().expect("a lease");
        respond.send_response(Response::new(Script::default()));
        drop(assert_ready_ok!(call.poll()));
        assert_eq!((outer.in_flight(), inner.in_flight()), (1, 1));

        let typed = lease.downcast::<u8>().expect("the inner plugin's instance");
        assert_eq!((typed.instance(), typed.generation()), (&7, 7));
        let around = typed.outer().expect("the outer plugin's lease");
        assert!(around.clone().downcast::<&str>().is_ok());
        assert!(around.clone().downcast::<u8>().is_err());

        let mut cancelled = task::spawn(typed.cancelled());
        assert_pending!(cancelled.poll());
        if cancel_outer {
            &outer_gate
        } else {
            &inner_gate
        }
        .cancel();
        assert!(cancelled.is_woken());
        assert_ready!(cancelled.poll());
        assert!(typed.is_cancelled());
        drop(cancelled);
        drop(typed);
        assert_eq!((outer.in_flight(), inner.in_flight()), (0, 0));
    }
}
