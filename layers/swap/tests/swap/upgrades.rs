use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use http::Request;
use tower::{Layer, Service, ServiceExt};
use tower_plugin_gate::{Lease, PluginState};
use tower_plugin_swap::{SwapLayer, SwapService};

use crate::support::{Reply, Stamp, open, reply, request, swap};

/// Keeps the lease of the last request, as a WebSocket handler would.
#[derive(Clone, Default)]
struct Upgrader(Arc<Mutex<Option<Lease>>>);

impl Upgrader {
    fn lease(&self) -> Option<Lease> {
        self.0.lock().unwrap().take()
    }
}

impl Service<Request<()>> for Upgrader {
    type Response = Reply;
    type Error = Infallible;
    type Future = Ready<Result<Reply, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<()>) -> Self::Future {
        *self.0.lock().unwrap() = request.extensions_mut().remove();
        ready(Ok(reply("")))
    }
}

fn upgrade() -> Request<()> {
    let request = Request::get("/").header("connection", "upgrade");
    request.header("upgrade", "websocket").body(()).unwrap()
}

#[tokio::test]
async fn handler_of_an_upgrade_holds_a_lease_on_the_generation_that_serves_it() {
    let handler = Upgrader::default();
    let slot = open(handler.clone());
    let mut service = SwapService::new(&slot);
    let ready = service.ready().await.unwrap();
    drop(ready.call(upgrade()).await.unwrap());
    let lease = handler.lease().expect("an upgrade carries a lease");
    assert_eq!((lease.generation(), slot.in_flight()), (1, 1));
    let lease = lease.downcast::<Upgrader>().expect("the instance's type");

    let old = swap(&slot, handler.clone());
    assert!(!old.gate().is_drained());
    old.gate().cancel();
    lease.cancelled().await;
    drop(lease);
    assert!(old.gate().is_drained());
}

#[tokio::test]
async fn upgrade_that_met_a_swap_leases_the_new_generation() {
    let handler = Upgrader::default();
    let slot = open(handler.clone());
    let mut service = SwapService::new(&slot);
    service.ready().await.unwrap();
    let old = swap(&slot, handler.clone());
    drop(service.call(upgrade()).await.unwrap());
    assert!(old.gate().is_drained());
    let lease = handler.lease().expect("an upgrade carries a lease");
    assert_eq!((lease.generation(), slot.in_flight()), (2, 1));
}

#[tokio::test]
async fn request_that_is_no_upgrade_carries_no_lease() {
    let handler = Upgrader::default();
    let slot = open(handler.clone());
    drop(SwapService::new(&slot).oneshot(request()).await.unwrap());
    assert!(handler.lease().is_none());
    assert_eq!(slot.in_flight(), 0);
}

#[tokio::test]
async fn inner_handler_holds_a_lease_on_the_layer() {
    let handler = Upgrader::default();
    let slot = open(Stamp::new(1));
    let service = SwapLayer::new(&slot).layer(handler.clone());
    drop(service.oneshot(upgrade()).await.unwrap());
    let lease = handler.lease().expect("an upgrade carries a lease");
    let old = slot.close(PluginState::Unloading).expect("a generation");
    assert_eq!(old.gate().in_flight(), 1);
    assert!(lease.downcast::<Stamp>().is_ok());
    assert!(old.gate().is_drained());
}
