use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::{BoxError, Permit, Rejected};

pin_project! {
    /// Future of [`AnyService`](super::AnyService).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct AnyFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = StateProj]
    #[project_replace = StateOwn]
    enum State<F> {
        Admitted {
            #[pin]
            future: F,
            permit: Permit,
        },
        Rejected { rejected: Rejected },
        Done,
    }
}

impl<F> AnyFuture<F> {
    pub(crate) fn admitted(future: F, permit: Permit) -> Self {
        Self {
            state: State::Admitted { future, permit },
        }
    }

    pub(super) fn rejected(rejected: Rejected) -> Self {
        Self {
            state: State::Rejected { rejected },
        }
    }
}

impl<F, T, E> Future for AnyFuture<F>
where
    F: Future<Output = Result<T, E>>,
    E: Into<BoxError>,
{
    type Output = Result<T, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        let (output, completed) = match state.as_mut().project() {
            StateProj::Admitted { future, permit } => match future.poll(cx) {
                Poll::Ready(output) => (output.map_err(Into::into), true),
                Poll::Pending => {
                    ready!(permit.poll_cancelled(cx));
                    (Err(permit.cancelled_error().into()), false)
                }
            },
            StateProj::Rejected { rejected } => (Err(rejected.clone().into()), false),
            StateProj::Done => panic!("future polled after completion"),
        };
        // Dropped here and not with the future: whoever holds a finished future holds nothing.
        if let StateOwn::Admitted { permit, .. } = state.project_replace(State::Done) {
            if completed {
                permit.complete();
            }
        }
        Poll::Ready(output)
    }
}
