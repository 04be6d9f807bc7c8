use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use super::{LingerBody, Rest};

pin_project! {
    /// Future of [`LingerService`](super::LingerService): the service's response head, at once.
    ///
    /// Only a response without a body waits here, since a server asks nothing of its body.
    #[must_use = "futures do nothing unless polled"]
    pub struct LingerFuture<F, R>
    where
        F: Future,
    {
        #[pin]
        future: F,
        rest: Option<Rest<R>>,
        bodiless: Option<F::Output>,
    }
}

impl<F: Future, R> LingerFuture<F, R> {
    pub(super) fn new(future: F, rest: Option<Rest<R>>) -> Self {
        Self {
            future,
            rest,
            bodiless: None,
        }
    }
}

impl<F, R, B, E> Future for LingerFuture<F, R>
where
    F: Future<Output = Result<Response<B>, E>>,
    R: Body + Unpin,
    B: Body,
{
    type Output = Result<Response<LingerBody<B, R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = match this.bodiless.take() {
            Some(response) => response?,
            None => ready!(this.future.poll(cx))?,
        };
        if response.body().is_end_stream() {
            if let Some(rest) = this.rest {
                if rest.poll_discard(cx).is_pending() {
                    *this.bodiless = Some(Ok(response));
                    return Poll::Pending;
                }
            }
        }
        let rest = this.rest.take();
        Poll::Ready(Ok(response.map(|body| LingerBody::new(body, rest))))
    }
}

impl<F: Future, R> fmt::Debug for LingerFuture<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LingerFuture").finish_non_exhaustive()
    }
}
