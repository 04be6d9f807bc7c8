use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::gate::Exit;
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
    pub(crate) fn admitted(call: impl FnOnce() -> F, permit: Permit) -> Self {
        permit.leaves(Exit::Panicked);
        let future = call();
        permit.leaves(Exit::Dropped);
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
        let (output, exit) = match state.as_mut().project() {
            StateProj::Admitted { future, permit } => {
                permit.leaves(Exit::Panicked);
                let polled = future.poll(cx);
                permit.leaves(Exit::Dropped);
                match polled {
                    Poll::Ready(Ok(output)) => (Ok(output), Exit::Completed),
                    Poll::Ready(Err(error)) => (Err(error.into()), Exit::Failed),
                    Poll::Pending => {
                        ready!(permit.poll_cancelled(cx));
                        (Err(permit.cancelled_error().into()), Exit::Dropped)
                    }
                }
            }
            StateProj::Rejected { rejected } => (Err(rejected.clone().into()), Exit::Dropped),
            StateProj::Done => panic!("future polled after completion"),
        };
        // Dropped here and not with the future: whoever holds a finished future holds nothing.
        if let StateOwn::Admitted { permit, .. } = state.project_replace(State::Done) {
            permit.leaves(exit);
        }
        Poll::Ready(output)
    }
}
