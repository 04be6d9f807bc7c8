use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use serde::Deserialize;
use tower_plugin::{BoxError, Plugin, StartContext};
use tower_service::Service;

/// What the operator may say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The answer to every request.
    text: String,
    /// How long it takes, in milliseconds. Default: 0.
    #[serde(default)]
    delay_ms: u64,
}

/// The plugin: it builds a [`Greeter`] from each config.
#[derive(Debug)]
pub struct Greeting;

impl Plugin for Greeting {
    type Config = Config;
    type Instance = Greeter;

    async fn start(&self, config: Config, _: StartContext) -> Result<Greeter, BoxError> {
        if config.text.is_empty() {
            return Err("`text` must not be empty".into());
        }
        Ok(Greeter {
            text: config.text.into(),
            delay: Duration::from_millis(config.delay_ms),
        })
    }
}

/// The instance, which is a tower service like any other: nothing in it knows of plugins.
#[derive(Debug, Clone)]
pub struct Greeter {
    text: Bytes,
    delay: Duration,
}

impl<B> Service<Request<B>> for Greeter {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        let Self { text, delay } = self.clone();
        Box::pin(async move {
            tokio::time::sleep(delay).await;
            Ok(Response::new(Full::from(text)))
        })
    }
}
