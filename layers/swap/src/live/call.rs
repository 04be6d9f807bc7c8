use http::{Request, Response};
use http_body::Body;
use tower_plugin_gate::{Answer, ResponseFuture};
use tower_service::Service;

use super::{Live, Source};
use crate::Oneshot;

impl<P: Source> Live<P> {
    /// Serves the request by the generation whose service was polled ready, else by whatever is
    /// current, whose readiness the future then awaits.
    pub(crate) fn call<R, B>(
        &mut self,
        mut request: Request<R>,
    ) -> ResponseFuture<Oneshot<P::Service, Request<R>>>
    where
        P::Service: Service<Request<R>, Response = Response<B>>,
        B: Body,
    {
        let answer = self.answer.for_method(request.method());
        if let Some(held) = &mut self.held {
            if std::mem::take(&mut held.ready) {
                if let Some(holder) = held.generation.admit(&mut request) {
                    if answer.catches_panics() {
                        let future = || Oneshot::called(held.service.call(request));
                        return ResponseFuture::admitted(future, holder, answer);
                    }
                    let future = Oneshot::called(held.service.call(request));
                    return ResponseFuture::serving(future, holder, answer);
                }
            }
        }
        self.call_current(request, answer)
    }

    fn call_current<R, B>(
        &self,
        mut request: Request<R>,
        answer: Answer,
    ) -> ResponseFuture<Oneshot<P::Service, Request<R>>>
    where
        P::Service: Service<Request<R>, Response = Response<B>>,
        B: Body,
    {
        loop {
            if let Some((generation, service)) = self.source.current() {
                if let Some(holder) = generation.admit(&mut request) {
                    let future = || Oneshot::waiting(service, request);
                    return ResponseFuture::admitted(future, holder, answer);
                }
            }
            // Otherwise the slot has changed since, so there is something new to look at.
            if let Some(rejected) = self.source.slot().reject() {
                return ResponseFuture::rejected(rejected, answer);
            }
        }
    }
}
