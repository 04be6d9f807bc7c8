use std::convert::Infallible;

use http::{Request, Response};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::limit::ConcurrencyLimit;
use tower::load_shed::LoadShed;
use tower_http::metrics::InFlightRequestsLayer;
use tower_layer::Layer;
use tower_service::Service;

use crate::{Client, Frames, Site, Work};

pub(super) fn bare(site: Site) -> Box<dyn Work> {
    Box::new(Client::new(site, ()))
}

pub(super) fn in_flight(site: Site) -> Box<dyn Work> {
    let (layer, counter) = InFlightRequestsLayer::pair();
    Box::new(Client::new(layer.layer(site), counter))
}

pub(super) fn retain(site: Site) -> Box<dyn Work> {
    let (signal, watch) = drain::channel();
    Box::new(Client::new(drain::Retain::new(watch, site), signal))
}

pub(super) fn limit(site: Site) -> Box<dyn Work> {
    let limited = ConcurrencyLimit::new(site, 1 << 20);
    Box::new(Client::new(LoadShed::new(limited), ()))
}

pub(super) fn tracker(site: Site) -> Box<dyn Work> {
    let (tracker, token) = (TaskTracker::new(), CancellationToken::new());
    Box::new(Client::new(tracked(site, tracker, token), ()))
}

/// The site is always ready, so its readiness may be left out.
fn tracked(
    mut site: Site,
    tracker: TaskTracker,
    token: CancellationToken,
) -> impl Service<Request<()>, Response = Response<Frames>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ 'static {
    tower::service_fn(move |request| {
        let reply = site.call(request);
        let reply = token.clone().run_until_cancelled_owned(reply);
        let reply = tracker.track_future(reply);
        async move {
            reply.await.unwrap_or_else(|| {
                let mut response = Response::new(Frames::default());
                *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
                Ok(response)
            })
        }
    })
}
