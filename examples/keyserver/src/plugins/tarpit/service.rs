use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    body::Bytes,
    extract::ConnectInfo,
    http::{Request, StatusCode},
    response::{Html, IntoResponse, Response},
};
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};
use tower::Service;

/// Instance of [`RateLimitTarpit`](super::RateLimitTarpit): a service that answers 404, later.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use axum::{body::Body, http::Request};
/// use keyserver::plugins::tarpit::Tarpit;
/// use tower::ServiceExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), std::convert::Infallible> {
/// let tarpit = Tarpit::new(Duration::from_millis(5), None);
/// let response = tarpit.oneshot(Request::new(Body::empty())).await?;
/// assert_eq!(response.status(), 404);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Tarpit {
    delay: Duration,
    page: Option<Bytes>,
}

impl Tarpit {
    /// A tarpit that answers after `delay`, with `page` if there is one.
    #[must_use]
    pub fn new(delay: Duration, page: Option<Bytes>) -> Self {
        Self { delay, page }
    }
}

impl<B> Service<Request<B>> for Tarpit {
    type Response = Response;
    type Error = Infallible;
    type Future = Held;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Held {
        let client = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let client = client.map(|ConnectInfo(address)| tracing::field::display(address));
        tracing::info!(client, path = request.uri().path(), "caught in the tarpit");
        Held {
            sleep: sleep(self.delay),
            page: self.page.clone(),
        }
    }
}

pin_project! {
    /// A request in the [`Tarpit`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Held {
        #[pin]
        sleep: Sleep,
        page: Option<Bytes>,
    }
}

impl Future for Held {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let held = self.project();
        ready!(held.sleep.poll(cx));
        let response = match held.page.take() {
            Some(page) => (StatusCode::NOT_FOUND, Html(page)).into_response(),
            None => (StatusCode::NOT_FOUND, "not found\n").into_response(),
        };
        Poll::Ready(Ok(response))
    }
}
