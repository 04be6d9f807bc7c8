use http::{Request, Response};
use http_body::Body;
use tower_plugin_gate::{Answer, Rejected, ResponseFuture, Slot};
use tower_service::Service;

use super::{Live, Source};
use crate::Oneshot;

/// Where a call got to.
pub(crate) enum Called<F, R> {
    Inside(ResponseFuture<F>),
    /// No generation serves: here is the request back.
    Refused(Rejected, R),
}

type CalledBy<P, R> = Called<Oneshot<<P as Source>::Service, Request<R>>, Request<R>>;

impl<P: Source> Live<P> {
    /// Serves the request by the generation whose service was polled ready, else by whatever is
    /// current, whose readiness the future then awaits.
    pub(crate) fn call<R, B>(
        &mut self,
        request: Request<R>,
    ) -> ResponseFuture<Oneshot<P::Service, Request<R>>>
    where
        P::Service: Service<Request<R>, Response = Response<B>>,
        B: Body,
    {
        let answer = self.answer_to(&request);
        match self.try_call(request, answer) {
            Called::Inside(future) => future,
            Called::Refused(rejected, request) => {
                ResponseFuture::rejecting(request, rejected, answer)
            }
        }
    }

    pub(crate) fn slot(&self) -> &Slot<P::Instance> {
        self.source.slot()
    }

    pub(crate) fn source(&self) -> &P {
        &self.source
    }

    pub(crate) fn answer_to<R>(&self, request: &Request<R>) -> Answer {
        self.answer.for_method(request.method())
    }

    /// As [`call`](Self::call), leaving to the caller what becomes of a request that is refused.
    pub(crate) fn try_call<R, B>(
        &mut self,
        mut request: Request<R>,
        answer: Answer,
    ) -> CalledBy<P, R>
    where
        P::Service: Service<Request<R>, Response = Response<B>>,
        B: Body,
    {
        if let Some(held) = &mut self.held {
            if std::mem::take(&mut held.ready) {
                if self.is_split {
                    self.seen = 0;
                }
                if let Some(holder) = held.generation.admit(&mut request) {
                    if answer.catches_panics() {
                        let future = || Oneshot::called(held.service.call(request));
                        return Called::Inside(ResponseFuture::admitted(future, holder, answer));
                    }
                    let future = Oneshot::called(held.service.call(request));
                    return Called::Inside(ResponseFuture::serving(future, holder, answer));
                }
            }
        }
        self.call_current(request, answer)
    }

    fn call_current<R, B>(&self, mut request: Request<R>, answer: Answer) -> CalledBy<P, R>
    where
        P::Service: Service<Request<R>, Response = Response<B>>,
        B: Body,
    {
        loop {
            if let Some((generation, service)) = self.source.current() {
                if let Some(holder) = generation.admit(&mut request) {
                    let future = || Oneshot::waiting(service, request);
                    return Called::Inside(ResponseFuture::admitted(future, holder, answer));
                }
            }
            // Otherwise the slot has changed since, so there is something new to look at.
            if let Some(rejected) = self.source.slot().reject() {
                return Called::Refused(rejected, request);
            }
        }
    }
}
