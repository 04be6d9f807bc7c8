//! A rejection is an answer, not the failure of an endpoint: middleware that gives up on failed
//! services goes on with a gated one.

use std::future::ready;

use http::{Request, Response, StatusCode};
use tower::balance::p2c::Balance;
use tower::discover::ServiceList;
use tower::load::Constant;
use tower::util::BoxService;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_plugin_gate::{BoxError, Generation, PluginLayer, Rejected};

use super::support::{Plugin, Reply, full, within};

type Endpoint = BoxService<Request<()>, Response<Reply>, BoxError>;

/// A balancer over a plugin that serves and one that does not, which it prefers for its load.
fn balancer(
    gate: impl Fn(&Plugin) -> Endpoint,
) -> (
    Plugin,
    impl Service<Request<()>, Response = Response<Reply>, Error = BoxError>,
) {
    let (serves, closed) = (Plugin::open(), Plugin::closed());
    let endpoints = [(&serves, 2), (&closed, 1)];
    let endpoints = endpoints.map(|(plugin, load)| Constant::new(gate(plugin), load));
    (closed, Balance::new(ServiceList::new(endpoints)))
}

fn http(plugin: &Plugin) -> Endpoint {
    let hello = service_fn(|_: Request<()>| ready(Ok::<_, BoxError>(full("hello"))));
    let gated = plugin.layer().layer(hello);
    let boxed = gated.map_response(|response| response.map(super::support::boxed));
    BoxService::new(boxed)
}

fn any(plugin: &Plugin) -> Endpoint {
    let hello = service_fn(|_: Request<()>| ready(Ok::<_, BoxError>(full("hello"))));
    BoxService::new(PluginLayer::any(&plugin.slot).layer(hello))
}

/// Of many requests, how many were rejected.
async fn rejections<S>(balancer: &mut S) -> usize
where
    S: Service<Request<()>, Response = Response<Reply>, Error = BoxError>,
{
    let mut rejected = 0;
    for _ in 0..100 {
        let balancer = within(balancer.ready()).await.expect("an endpoint");
        rejected += match within(balancer.call(Request::new(()))).await {
            Ok(response) => usize::from(response.status() == StatusCode::SERVICE_UNAVAILABLE),
            Err(error) => {
                assert!(error.is::<Rejected>(), "{error}");
                1
            }
        };
    }
    rejected
}

#[tokio::test]
async fn plugin_that_rejects_stays_in_a_balancer_and_serves_once_it_is_back() {
    for gate in [http, any] {
        let (closed, mut balancer) = balancer(gate);
        assert_eq!(rejections(&mut balancer).await, 100);
        closed.slot.open(Generation::new(2, ()));
        assert_eq!(rejections(&mut balancer).await, 0);
        assert_eq!(closed.slot.counters().admitted, 100);
    }
}

#[tokio::test]
async fn buffer_around_a_plugin_that_rejects_serves_once_it_is_back() {
    for gate in [http, any] {
        let plugin = Plugin::closed();
        let mut service = ServiceBuilder::new().buffer(8).service(gate(&plugin));
        assert_eq!(rejections(&mut service).await, 100);
        plugin.slot.open(Generation::new(2, ()));
        assert_eq!(rejections(&mut service).await, 0);
    }
}
