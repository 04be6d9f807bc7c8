use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower_service::Service;

use crate::slot::Admission;
use crate::{CancelledError, Held, Rejected};

/// Takes a clone to be polled ready later, and gives back what readiness the service has: nobody
/// is going to use it, and a service that reserved something would keep it from those who can.
pub(crate) fn fresh<S: Clone>(service: &mut S) -> S {
    *service = service.clone();
    service.clone()
}

/// What keeps a request inside.
pub(crate) trait Inside {
    fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<()>;
    fn cancelled_error(&self) -> CancelledError;
    fn fail(&mut self);
}

pin_project! {
    /// A request that waits for its turn, then, inside, for the service to be ready.
    pub(crate) struct HeldCall<S, R, I> {
        #[pin]
        held: Held,
        service: Option<S>,
        request: Option<R>,
        inside: Option<I>,
        enter: fn(Admission, &mut R) -> I,
    }
}

/// What became of a held request.
pub(crate) enum Turn<S, R, I, E> {
    /// It is inside, and the service is ready for it.
    Ready(S, R, I),
    Rejected(Rejected),
    Cancelled(CancelledError),
    NotReady(E),
}

impl<S, R, I: Inside> HeldCall<S, R, I> {
    pub(crate) fn new(
        held: Held,
        service: S,
        request: R,
        enter: fn(Admission, &mut R) -> I,
    ) -> Self {
        Self {
            held,
            service: Some(service),
            request: Some(request),
            inside: None,
            enter,
        }
    }

    pub(crate) fn poll_call(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Turn<S, R, I, S::Error>>
    where
        S: Service<R>,
    {
        let this = self.project();
        if this.inside.is_none() {
            match ready!(this.held.poll_turn(cx)) {
                Err(rejected) => return Poll::Ready(Turn::Rejected(rejected)),
                Ok(admission) => {
                    let request = this.request.as_mut().expect("not called yet");
                    *this.inside = Some((this.enter)(admission, request));
                }
            }
        }
        let mut inside = this.inside.take().expect("its turn has come");
        let service = this.service.as_mut().expect("not called yet");
        Poll::Ready(match service.poll_ready(cx) {
            Poll::Ready(Ok(())) => {
                let service = this.service.take().expect("it was there above");
                let request = this.request.take().expect("not called yet");
                Turn::Ready(service, request, inside)
            }
            Poll::Ready(Err(error)) => {
                inside.fail();
                Turn::NotReady(error)
            }
            Poll::Pending if inside.poll_cancelled(cx).is_ready() => {
                Turn::Cancelled(inside.cancelled_error())
            }
            Poll::Pending => {
                *this.inside = Some(inside);
                return Poll::Pending;
            }
        })
    }
}
