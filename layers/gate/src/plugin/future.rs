use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use super::run::run;
use super::{Answer, Holder, ResponseBody};
use crate::gate::Exit;
use crate::{PanickedError, Rejected};

pin_project! {
    /// Future of [`PluginService`](super::PluginService): the service's response head, or a
    /// rejection in its place.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        state: State<F>,
        answer: Answer,
    }
}

pin_project! {
    #[project = StateProj]
    #[project_replace = StateOwn]
    enum State<F> {
        Admitted {
            #[pin]
            future: F,
            holder: Option<Holder>,
        },
        Rejected { rejected: Rejected },
        Panicked { panicked: PanickedError },
        Done,
    }
}

impl<F> ResponseFuture<F> {
    /// A request that is inside, by `holder`, and is served by the future that `call` makes.
    ///
    /// A panic in `call` is counted, and answered if `answer` says so.
    pub fn admitted(call: impl FnOnce() -> F, holder: impl Into<Holder>, answer: Answer) -> Self {
        let holder = holder.into();
        let state = match run(&holder, answer.catches_panics(), call) {
            Some(future) => State::Admitted {
                future,
                holder: Some(holder),
            },
            None => State::Panicked {
                panicked: holder.panicked_error(),
            },
        };
        Self { state, answer }
    }

    /// A request that was not let in.
    pub fn rejected(rejected: Rejected, answer: Answer) -> Self {
        Self {
            state: State::Rejected { rejected },
            answer,
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let answer = *this.answer;
        let output = match this.state.as_mut().project() {
            StateProj::Admitted { future, holder } => {
                let inside = holder.as_mut().expect("polled after completion");
                match run(inside, answer.catches_panics(), || future.poll(cx)) {
                    Some(Poll::Pending) => {
                        ready!(inside.poll_cancelled(cx));
                        Ok(answer.cancellation(&inside.cancelled_error()))
                    }
                    Some(Poll::Ready(output)) => {
                        let holder = holder.take().expect("it was there above");
                        match output {
                            Ok(response) => Ok(ResponseBody::around(response, holder, answer)),
                            Err(error) => {
                                holder.end(Exit::Failed);
                                Err(error)
                            }
                        }
                    }
                    None => Ok(answer.panic(&inside.panicked_error())),
                }
            }
            StateProj::Rejected { rejected } => Ok(answer.rejection(rejected)),
            StateProj::Panicked { panicked } => Ok(answer.panic(panicked)),
            StateProj::Done => panic!("response future polled after completion"),
        };
        // Dropped here and not with the future: whoever holds a finished future holds nothing.
        this.state.project_replace(State::Done);
        Poll::Ready(output)
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Admitted { .. } => "admitted",
            State::Rejected { .. } => "rejected",
            State::Panicked { .. } => "panicked",
            State::Done => "done",
        };
        f.debug_struct("ResponseFuture")
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
