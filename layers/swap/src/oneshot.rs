use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower_service::Service;

pin_project! {
    /// One call of a service: under way, or to be made as soon as the service is ready.
    ///
    /// The second happens to a request that was meant for a generation which is gone: nobody has
    /// polled the service of the next one yet, so this future owns a clone of it and does. No
    /// service is ever called that has not been ready.
    ///
    /// ```
    /// use http::Request;
    /// use tower_plugin_gate::ResponseFuture;
    /// use tower_plugin_swap::Oneshot;
    ///
    /// /// The future of a `SwapService<S>`.
    /// type SwapFuture<S, B> = ResponseFuture<Oneshot<S, Request<B>>>;
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct Oneshot<S, R>
    where
        S: Service<R>,
    {
        #[pin]
        state: State<S, R, S::Future>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, R, F> {
        Called {
            #[pin]
            future: F,
        },
        Waiting {
            service: S,
            request: Option<R>,
        },
    }
}

impl<S: Service<R>, R> Oneshot<S, R> {
    pub(crate) fn called(future: S::Future) -> Self {
        Self {
            state: State::Called { future },
        }
    }

    pub(crate) fn waiting(service: S, request: R) -> Self {
        Self {
            state: State::Waiting {
                service,
                request: Some(request),
            },
        }
    }
}

impl<S: Service<R>, R> Future for Oneshot<S, R> {
    type Output = Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let future = match state.as_mut().project() {
                StateProj::Called { future } => return future.poll(cx),
                StateProj::Waiting { service, request } => {
                    ready!(service.poll_ready(cx))?;
                    service.call(request.take().expect("polled after completion"))
                }
            };
            state.set(State::Called { future });
        }
    }
}

impl<S: Service<R>, R> fmt::Debug for Oneshot<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Called { .. } => "called",
            State::Waiting { .. } => "waiting for readiness",
        };
        f.debug_struct("Oneshot")
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
