use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use super::{Answer, Holder, ResponseBody};
use crate::Rejected;

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
        Done,
    }
}

impl<F> ResponseFuture<F> {
    /// A request that is inside, by `holder`, and is being served by `future`.
    pub fn admitted(future: F, holder: impl Into<Holder>, answer: Answer) -> Self {
        Self {
            state: State::Admitted {
                future,
                holder: Some(holder.into()),
            },
            answer,
        }
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
            StateProj::Admitted { future, holder } => match future.poll(cx) {
                Poll::Ready(Ok(response)) => {
                    let holder = holder.take().expect("polled after completion");
                    Ok(response.map(|body| ResponseBody::new(body, holder, answer.protocol())))
                }
                Poll::Ready(Err(error)) => {
                    holder.take().expect("polled after completion").complete();
                    Err(error)
                }
                Poll::Pending => {
                    let holder = holder.as_mut().expect("polled after completion");
                    ready!(holder.poll_cancelled(cx));
                    Ok(answer.cancellation(&holder.cancelled_error()))
                }
            },
            StateProj::Rejected { rejected } => Ok(answer.rejection(rejected)),
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
            State::Done => "done",
        };
        f.debug_struct("ResponseFuture")
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
