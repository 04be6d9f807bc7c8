use std::fmt;
use std::future::{Future, Pending};
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use crate::select::Unselected;
use crate::{ResponseBody, ResponseFuture};

/// What a held request goes on as: the future of its call, or its outcome.
pub type Resumed<F, B, E> = ControlFlow<Result<Response<ResponseBody<B>>, E>, ResponseFuture<F>>;

/// In place of a held request where nothing is ever held.
pub type NeverHeld<F, B, E> = Pending<Resumed<F, B, E>>;

pin_project! {
    /// As [`ResponseFuture`], of a layer that may do otherwise than call the service or reject:
    /// with a policy [`OnClosed`](crate::OnClosed), or with several plugins to select from.
    ///
    /// `H` is the held request, boxed: room for it costs requests that are not held nothing.
    #[must_use = "futures do nothing unless polled"]
    pub struct PolicyFuture<F, H> {
        #[pin]
        state: State<F, H>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, H> {
        Gated {
            #[pin]
            future: ResponseFuture<F>,
        },
        Bypassed {
            #[pin]
            future: F,
        },
        Held {
            #[pin]
            request: H,
        },
        Unselected { unselected: Unselected },
        Done,
    }
}

impl<F, H> PolicyFuture<F, H> {
    /// A request that is inside, or is rejected.
    pub fn gated(future: ResponseFuture<F>) -> Self {
        Self {
            state: State::Gated { future },
        }
    }

    /// A request that the plugin has no part in.
    pub fn bypassed(future: F) -> Self {
        Self {
            state: State::Bypassed { future },
        }
    }

    /// A request that waits for the plugin.
    pub fn held(request: H) -> Self {
        Self {
            state: State::Held { request },
        }
    }

    pub(crate) fn unselected(unselected: Unselected) -> Self {
        Self {
            state: State::Unselected { unselected },
        }
    }
}

impl<F, H, B, E> Future for PolicyFuture<F, H>
where
    F: Future<Output = Result<Response<B>, E>>,
    H: Future<Output = Resumed<F, B, E>>,
    B: Body,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let output = match state.as_mut().project() {
                StateProj::Gated { future } => return future.poll(cx),
                StateProj::Bypassed { future } => {
                    ready!(future.poll(cx)).map(|response| response.map(ResponseBody::ungated))
                }
                StateProj::Held { request } => match ready!(request.poll(cx)) {
                    ControlFlow::Break(output) => output,
                    ControlFlow::Continue(future) => {
                        state.set(State::Gated { future });
                        continue;
                    }
                },
                StateProj::Unselected { unselected } => Ok(unselected.response()),
                StateProj::Done => panic!("response future polled after completion"),
            };
            state.set(State::Done);
            return Poll::Ready(output);
        }
    }
}

impl<F, H> fmt::Debug for PolicyFuture<F, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Gated { future } => return fmt::Debug::fmt(future, f),
            State::Bypassed { .. } => "bypassed",
            State::Held { .. } => "held",
            State::Unselected { .. } => "unselected",
            State::Done => "done",
        };
        f.debug_struct("PolicyFuture")
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
