//! What the types promise to those who compose them.

use std::cell::Cell;
use std::convert::Infallible;

use http::Request;
use tower::layer::util::Identity;
use tower::util::{BoxCloneService, BoxCloneSyncService};
use tower::{Layer, Service};
use tower_plugin_gate::{OnClosed, PluginState, Slot};
use tower_plugin_swap::{Oneshot, PolicySwap, Swap, SwapLayer, SwapService};

use crate::support::{Numbered, Reply, Stamp};

fn middleware<T: Clone + Send + Sync + 'static>() {}
fn layer<T: Clone + Send + Sync + 'static>() {}
fn send<T: Send + 'static>() {}

type Plain = BoxCloneSyncService<Request<()>, Reply, Infallible>;
/// `Clone` and `Send`, but not `Sync`.
type Unshared = BoxCloneService<Request<()>, Reply, Infallible>;
/// Neither `Debug` nor `Default` nor `Clone`.
struct Opaque;

impl<S> Layer<S> for Opaque {
    type Service = <Stamp as Layer<S>>::Service;

    fn layer(&self, inner: S) -> Self::Service {
        Stamp::new(0).layer(inner)
    }
}

fn future_is_send<S: Service<R, Future: Send + 'static>, R>(_: &S) {}
fn error_is<E, S: Service<R, Error = E>, R>(_: &S) {}

#[test]
fn services_can_be_shared_between_threads() {
    middleware::<SwapService<Numbered>>();
    middleware::<SwapService<Plain>>();
    middleware::<Swap<Plain, Stamp>>();
    middleware::<Swap<Plain, Opaque>>();
    middleware::<SwapService<Plain, OnClosed>>();
    middleware::<PolicySwap<Plain, Opaque>>();
    layer::<SwapLayer<Stamp>>();
    layer::<SwapLayer<Opaque, OnClosed>>();
    layer::<SwapLayer<Opaque>>();
    send::<Oneshot<Plain, Request<()>>>();
}

#[test]
fn futures_are_send_and_errors_are_the_instances_own() {
    let slot = Slot::<Plain>::new("plugin", PluginState::Loading);
    let service = SwapService::new(&slot);
    future_is_send::<_, Request<()>>(&service);
    error_is::<Infallible, _, Request<()>>(&service);
    let slot = Slot::<Opaque>::new("plugin", PluginState::Loading);
    let service = SwapLayer::new(&slot).layer(Numbered::new(0));
    future_is_send::<_, Request<()>>(&service);
    error_is::<Infallible, _, Request<()>>(&service);
    // A body that is not `Sync`, as hyper's are not.
    future_is_send::<_, Request<Cell<u8>>>(&service);
    let service = SwapLayer::new(&slot)
        .on_closed(OnClosed::Bypass)
        .layer(Numbered::new(0));
    future_is_send::<_, Request<Cell<u8>>>(&service);
    error_is::<Infallible, _, Request<()>>(&service);
}

#[test]
fn inner_service_need_not_be_shareable_where_the_instance_makes_it_so() {
    #[derive(Clone)]
    struct Ignore;

    impl Layer<Unshared> for Ignore {
        type Service = Numbered;

        fn layer(&self, _: Unshared) -> Numbered {
            Numbered::new(0)
        }
    }
    middleware::<Swap<Unshared, Ignore>>();
}

#[test]
fn everything_can_be_printed() {
    let slot = Slot::<Identity>::new("plugin", PluginState::Loading);
    let layer = SwapLayer::new(&slot);
    assert!(format!("{layer:?}").contains("plugin"));
    assert!(format!("{:?}", layer.layer(Numbered::new(0))).contains("plugin"));
    let slot = Slot::<Numbered>::new("plugin", PluginState::Loading);
    assert!(format!("{:?}", SwapService::new(&slot)).contains("plugin"));
}
