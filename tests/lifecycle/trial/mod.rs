//! New generations on trial: canaries, probation, confirmation.

mod canary;
mod probation;
mod refused;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use serde_json::json;
use tower::{Service, ServiceExt};
use tower_plugin::{
    BoxError, PluginHandle, PluginManager, Registration, ReloadStrategy, SwapService, plugin_fn,
};

use crate::scenario::{Instance, Script, Scripted};

pub const PROBATION: Duration = Duration::from_secs(30);

/// Answers with the status that its config says.
#[derive(Clone)]
pub struct Answering(u16);

impl Service<Request<()>> for Answering {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        let mut response = Response::new(Full::default());
        *response.status_mut() = self.0.try_into().unwrap();
        ready(Ok(response))
    }
}

pub async fn answering(manager: &PluginManager, status: u16) -> PluginHandle<Answering> {
    let plugin = plugin_fn(
        |config: std::collections::BTreeMap<String, u16>| async move {
            Ok::<_, BoxError>(Answering(config["status"]))
        },
    );
    manager
        .register("p", plugin)
        .config(json!({"status": status}))
        .strategy(ReloadStrategy::Replace)
        .probation(PROBATION)
        .max_error_rate(0.5)
        .min_requests(10)
        .await
        .unwrap()
}

/// Sends requests, and says how many of them were answered 200.
pub async fn ask(plugin: &PluginHandle<Answering>, requests: usize) -> usize {
    let mut good = 0;
    for _ in 0..requests {
        let response = SwapService::new(plugin).oneshot(Request::new(()));
        let response = response.await.unwrap();
        good += usize::from(response.status() == 200);
        response.into_body().collect().await.unwrap();
    }
    good
}

pub async fn scripted(
    manager: &PluginManager,
    script: &Arc<Script>,
    with: impl FnOnce(Registration<Scripted>) -> Registration<Scripted>,
) -> PluginHandle<Instance> {
    let registration = manager.register("p", Scripted(script.clone()));
    let registration = registration.strategy(ReloadStrategy::Replace);
    with(registration).await.unwrap()
}
