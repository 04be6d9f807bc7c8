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
        Waiting { waiting: Boxed<Waiting<S, R>> },
    }
}

/// Behind a pointer: a request is large, and nearly every future is made of a call.
struct Waiting<S, R> {
    service: S,
    request: Option<R>,
}

/// A box whose contents are dropped by a function of their own: what is checked in its place is
/// small enough to be inlined, wherever a future may be dropped.
struct Boxed<T>(Option<Box<T>>);

impl<T> Drop for Boxed<T> {
    #[inline(always)]
    fn drop(&mut self) {
        #[cold]
        #[inline(never)]
        fn drop_contents<T>(contents: Box<T>) {
            drop(contents);
        }
        if let Some(contents) = self.0.take() {
            drop_contents(contents);
        }
    }
}

impl<S: Service<R>, R> Oneshot<S, R> {
    /// Of a service that was ready.
    #[inline(always)]
    pub(crate) fn called(future: S::Future) -> Self {
        Self {
            state: State::Called { future },
        }
    }

    /// Of a service that nobody has asked whether it is ready.
    pub(crate) fn waiting(service: S, request: R) -> Self {
        let waiting = Boxed(Some(Box::new(Waiting {
            service,
            request: Some(request),
        })));
        Self {
            state: State::Waiting { waiting },
        }
    }
}

impl<S: Service<R>, R> State<S, R, S::Future> {
    /// Makes the call once the service is ready.
    #[inline(never)]
    fn poll_waiting(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<S::Response, S::Error>> {
        if let StateProj::Waiting { waiting } = self.as_mut().project() {
            let waiting = waiting.0.as_mut().expect("it is there until it is dropped");
            ready!(waiting.service.poll_ready(cx))?;
            let request = waiting.request.take().expect("polled after completion");
            let future = waiting.service.call(request);
            self.set(Self::Called { future });
        }
        match self.project() {
            StateProj::Called { future } => future.poll(cx),
            StateProj::Waiting { .. } => unreachable!("it was called"),
        }
    }
}

impl<S: Service<R>, R> Future for Oneshot<S, R> {
    type Output = Result<S::Response, S::Error>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        match state.as_mut().project() {
            StateProj::Called { future } => future.poll(cx),
            StateProj::Waiting { .. } => state.poll_waiting(cx),
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

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::{Ready, ready};

    use super::*;

    struct Echo;

    impl<R> Service<R> for Echo {
        type Response = ();
        type Error = Infallible;
        type Future = Ready<Result<(), Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: R) -> Self::Future {
            ready(Ok(()))
        }
    }

    #[test]
    fn future_of_a_call_has_no_room_for_the_request() {
        let size = size_of::<Oneshot<Echo, [u8; 1000]>>();
        assert!(size <= 16, "{size} bytes");
    }
}
