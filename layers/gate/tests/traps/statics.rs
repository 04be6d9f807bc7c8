//! What must compile: nothing is asked of a user's types that the work does not need.

use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::error_handling::HandleErrorLayer;
use axum::routing::get;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use tower::{Layer, Service, ServiceBuilder, ServiceExt};
use tower_plugin_gate::{
    Answer, AnyFuture, AnyLayer, AnyService, BoxError, Cancelled, CancelledError, Door, Drained,
    Gate, Generation, HasSlot, Holder, Lease, Permit, PluginLayer, PluginService, PluginState,
    Rejected, ResponseBody, ResponseFuture, Slot,
};

/// Has no trait at all but those that are asked for below.
struct Instance;
struct BareBody;
struct BareError;

/// Neither `Clone`, `Debug`, `Default` nor `Sync`.
struct Bare(PhantomData<std::cell::Cell<()>>);

impl Service<Request<()>> for Bare {
    type Response = Response<BareBody>;
    type Error = BareError;
    type Future = Ready<Result<Response<BareBody>, BareError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BareError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new(BareBody)))
    }
}

impl Body for BareBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(None)
    }
}

fn send<T: Send>() {}
fn send_sync<T: Send + Sync + 'static>() {}
fn shared<T: Clone + Send + Sync + 'static>() {}
fn unpin<T: Unpin>() {}
fn service<S: Service<Request<()>>>(service: S) -> S {
    service
}

#[test]
fn everything_can_be_sent_and_shared_as_far_as_the_users_types_can() {
    shared::<Gate>();
    shared::<Permit>();
    shared::<Slot<Instance>>();
    shared::<Generation<Instance>>();
    shared::<Lease<Instance>>();
    shared::<Lease>();
    shared::<Door>();
    shared::<PluginLayer>();
    shared::<AnyLayer>();
    shared::<PluginService<tower::util::BoxCloneSyncService<(), (), BoxError>>>();
    shared::<AnyService<tower::util::BoxCloneSyncService<(), (), BoxError>>>();
    shared::<Answer>();
    shared::<Rejected>();
    shared::<CancelledError>();
    send::<PluginService<Bare>>();
    send_sync::<Drained>();
    send_sync::<Cancelled<'static>>();
    send_sync::<Holder>();
    send_sync::<ResponseFuture<Ready<()>>>();
    send_sync::<AnyFuture<Ready<()>>>();
    send_sync::<ResponseBody<BareBody>>();
}

#[test]
fn what_wraps_something_unpin_is_unpin() {
    unpin::<Drained>();
    unpin::<Cancelled<'static>>();
    unpin::<ResponseFuture<Ready<()>>>();
    unpin::<AnyFuture<Ready<()>>>();
    unpin::<ResponseBody<BareBody>>();
}

/// A handle around a slot, as a control plane has one.
struct Handle(Slot<Instance>);

impl HasSlot for Handle {
    type Instance = Instance;

    fn slot(&self) -> &Slot<Instance> {
        &self.0
    }
}

fn handle() -> Handle {
    Handle(Slot::new("geo", PluginState::Loading))
}

#[tokio::test]
async fn bare_types_are_gated_as_they_are() {
    let handle = handle();
    handle.0.open(Generation::new(1, Instance));
    let bare = || Bare(PhantomData);
    let gated = service(PluginLayer::new(&handle).layer(bare()));
    let response = gated.oneshot(Request::new(())).await;
    assert!(response.is_ok_and(|response| response.status() == StatusCode::OK));
    let gated = ServiceBuilder::new()
        .layer(PluginLayer::grpc(&handle))
        .service(bare());
    assert!(service(gated).oneshot(Request::new(())).await.is_ok());
    assert_eq!(handle.0.in_flight(), 0);
}

/// Not HTTP at all, and nothing is known of what it takes and gives.
struct Anything;

#[tokio::test]
async fn any_service_is_gated_whatever_it_takes_and_gives() {
    let handle = handle();
    handle.0.open(Generation::new(1, Instance));
    let inner = tower::service_fn(|Anything| ready(Ok::<_, std::fmt::Error>(Anything)));
    let gated = ServiceBuilder::new()
        .layer(PluginLayer::any(&handle))
        .service(inner);
    assert!(gated.oneshot(Anything).await.is_ok());
}

#[tokio::test]
async fn layers_fit_axum_everywhere() {
    let handle = handle();
    let plugin = || PluginLayer::new(&handle);
    let any = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(|error: BoxError| async move {
            (StatusCode::BAD_GATEWAY, error.to_string())
        }))
        .layer(PluginLayer::any(&handle));
    let hello = || get(|| async { "hello" });
    let router: Router = Router::new()
        .route("/route_layer", hello())
        .route_layer(plugin())
        .route("/method", hello().layer(plugin()))
        .route(
            "/handler",
            get(axum::handler::Handler::layer(
                || async { "hello" },
                plugin(),
            )),
        )
        .route(
            "/builder",
            hello().layer(ServiceBuilder::new().layer(plugin()).layer(plugin())),
        )
        .route("/any", hello().layer(any))
        .layer(plugin());
    let request = Request::get("/any")
        .body(axum::body::Body::empty())
        .unwrap();
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[test]
fn layers_fit_a_tonic_server() {
    let handle = handle();
    let (_, health) = tonic_health::server::health_reporter();
    let routes = tonic::service::Routes::new(health);
    let layered = PluginLayer::grpc(&handle).layer(routes.clone());
    let router = tonic::transport::Server::builder()
        .layer(PluginLayer::grpc(&handle))
        .add_routes(routes);
    drop((layered, router));
}
