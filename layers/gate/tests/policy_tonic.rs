//! Policies at a closed gate, as a tonic client sees them.

#![cfg(not(tower_plugin_loom))]
#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Channel, Server};
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tower::ServiceBuilder;
use tower_plugin_gate::{
    Generation, OnClosed, PathSegment, PluginLayer, PluginSet, PluginState, SelectLayer, Slot,
};

struct Serving(HealthClient<Channel>, AbortHandle);

impl Drop for Serving {
    fn drop(&mut self) {
        self.1.abort();
    }
}

/// Serves tonic's health service behind `layer`, and connects to it.
macro_rules! serve {
    ($layer:expr) => {{
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (_, health) = tonic_health::server::health_reporter();
        let server = Server::builder().layer($layer).add_service(health);
        let serving = server.serve_with_incoming(TcpListenerStream::new(listener));
        let task = tokio::spawn(serving).abort_handle();
        let channel = Channel::from_shared(format!("http://{address}")).unwrap();
        Serving(HealthClient::new(channel.connect().await.unwrap()), task)
    }};
}

impl Serving {
    async fn check(&self) -> Result<(), Status> {
        let mut client = self.0.clone();
        let request = HealthCheckRequest::default();
        let checked = tokio::time::timeout(Duration::from_secs(10), client.check(request));
        checked.await.expect("answered in time").map(|_| ())
    }
}

fn hold(max_wait: Duration) -> OnClosed {
    OnClosed::Hold {
        max_wait,
        max_held: 8,
    }
}

#[tokio::test]
async fn call_is_held_until_the_plugin_is_back() {
    let slot: Slot<()> = Slot::new("health", PluginState::Reloading);
    let arrived = Arc::new(Notify::new());
    let tell = Arc::clone(&arrived);
    let layer = ServiceBuilder::new()
        .map_request(move |request: http::Request<tonic::body::Body>| {
            tell.notify_one();
            request
        })
        .layer(PluginLayer::grpc(&slot).on_closed(hold(Duration::from_secs(10))));
    let serving = serve!(layer);
    let (checked, ()) = tokio::join!(serving.check(), async {
        arrived.notified().await;
        assert_eq!(slot.held(), 1);
        slot.open(Generation::new(1, ()));
    });
    checked.unwrap();
}

#[tokio::test]
async fn call_that_was_held_long_enough_is_unavailable_and_told_so() {
    let slot: Slot<()> = Slot::new("health", PluginState::Reloading);
    let serving = serve!(PluginLayer::grpc(&slot).on_closed(hold(Duration::from_millis(20))));
    let status = serving.check().await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("did not come back"), "{status}");
}

#[tokio::test]
async fn call_bypasses_a_plugin_that_failed() {
    let slot: Slot<()> = Slot::new("health", PluginState::Failed);
    let serving = serve!(PluginLayer::grpc(&slot).on_closed(OnClosed::Bypass));
    serving.check().await.unwrap();
}

#[tokio::test]
async fn plugin_is_selected_by_the_name_of_the_service() {
    let slot: Slot<()> = Slot::new("grpc.health.v1.Health", PluginState::Disabled);
    let plugins = PluginSet::new().with(&slot);
    let serving = serve!(SelectLayer::grpc(PathSegment(0), plugins));
    let status = serving.check().await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    slot.open(Generation::new(1, ()));
    serving.check().await.unwrap();

    let serving = serve!(SelectLayer::grpc(PathSegment(0), PluginSet::new()));
    let status = serving.check().await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
}

#[cfg(feature = "tonic")]
#[tokio::test]
async fn service_with_a_policy_goes_by_its_own_name() {
    use tonic::server::NamedService;
    use tower::Layer;

    fn name<S: NamedService>(_: &S) -> &'static str {
        S::NAME
    }

    let slot: Slot<()> = Slot::new("health", PluginState::Failed);
    let (_, health) = tonic_health::server::health_reporter();
    let gated = PluginLayer::grpc(&slot).on_closed(OnClosed::Bypass);
    assert_eq!(name(&gated.layer(health.clone())), "grpc.health.v1.Health");
    let selected = SelectLayer::grpc(PathSegment(0), PluginSet::new().with(&slot));
    assert_eq!(name(&selected.layer(health)), "grpc.health.v1.Health");
}
