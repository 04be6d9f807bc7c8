use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use super::LatencyBody;
use super::timer::Timer;

pin_project! {
    /// Future of [`LatencyService`](super::LatencyService).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct LatencyFuture<F> {
        #[pin]
        inner: F,
        timer: Option<Timer>,
    }
}

impl<F> LatencyFuture<F> {
    pub(super) fn new(inner: F, timer: Timer) -> Self {
        Self {
            inner,
            timer: Some(timer),
        }
    }
}

impl<F, B, E> Future for LatencyFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<LatencyBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let output = ready!(this.inner.poll(cx));
        let timer = this.timer.take();
        Poll::Ready(output.map(|response| response.map(|body| LatencyBody::new(body, timer))))
    }
}
