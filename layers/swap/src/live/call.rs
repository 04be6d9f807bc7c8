use http::{Request, Response};
use http_body::Body;
use tower_plugin_gate::{Answer, Plain, Rejected, ResponseFuture, Slot, is_plain, is_special};
use tower_service::Service;

use super::state::Ready;
use super::{Live, Source};
use crate::Oneshot;

/// Where a call got to.
pub(crate) enum Called<F, R> {
    Inside(ResponseFuture<F>),
    /// No generation serves: here is the request back.
    Refused(Rejected, R),
}

type CalledBy<P, R> = Called<Oneshot<<P as Source>::Service, Request<R>>, Request<R>>;

/// How a request is let in: decided before it is passed on, in one call.
enum Way<'a, P: Source> {
    /// It was counted, in the generation that is held, and needs no more.
    Plain(&'a mut Live<P>, Plain),
    /// Its headers have to be looked at.
    Looking(&'a mut Live<P>),
    Specially(&'a mut Live<P>),
}

impl<P: Source> Way<'_, P> {
    #[inline]
    fn call<R, B>(self, request: Request<R>) -> ResponseFuture<Oneshot<P::Service, Request<R>>>
    where
        P::Service: Service<Request<R>, Response = Response<B>>,
        B: Body,
    {
        match self {
            Self::Plain(live, plain) => live.serve(request, plain),
            Self::Looking(live) => live.call_looking(request),
            Self::Specially(live) => live.call_specially(request),
        }
    }
}

impl<P: Source> Live<P> {
    /// Serves the request by the generation whose service was polled ready, else by whatever is
    /// current, whose readiness the future then awaits.
    #[inline]
    pub(crate) fn call<R, B>(
        &mut self,
        request: Request<R>,
    ) -> ResponseFuture<Oneshot<P::Service, Request<R>>>
    where
        P::Service: Service<Request<R>, Response = Response<B>>,
        B: Body,
    {
        let way = self.way(is_plain(&request));
        way.call(request)
    }

    /// How a request is let in that [is plain](is_plain), or is not.
    #[expect(improper_ctypes_definitions, reason = "so that it cannot unwind")]
    #[inline(always)]
    extern "C" fn way(&mut self, is_plain: bool) -> Way<'_, P> {
        let generation = match &self.held {
            Some(held) if held.ready == Ready::Plainly => &held.generation,
            _ => return Way::Specially(self),
        };
        if !is_plain {
            return Way::Looking(self);
        }
        match generation.admit_plain() {
            Some(plain) => Way::Plain(self, plain),
            None => Way::Specially(self),
        }
    }

    #[inline(always)]
    fn serve<R, B>(
        &mut self,
        request: Request<R>,
        plain: Plain,
    ) -> ResponseFuture<Oneshot<P::Service, Request<R>>>
    where
        P::Service: Service<Request<R>, Response = Response<B>>,
        B: Body,
    {
        match &mut self.held {
            Some(held) => {
                held.ready = Ready::No;
                let future = Oneshot::called(held.service.call(request));
                ResponseFuture::plain(future, plain, self.answer)
            }
            // It was there a moment ago.
            None => self.call_specially(request),
        }
    }

    /// As `call`, for a request whose headers have to be looked at.
    #[inline(never)]
    fn call_looking<R, B>(
        &mut self,
        request: Request<R>,
    ) -> ResponseFuture<Oneshot<P::Service, Request<R>>>
    where
        P::Service: Service<Request<R>, Response = Response<B>>,
        B: Body,
    {
        if is_special(&request) {
            return self.call_specially(request);
        }
        match self.way(true) {
            Way::Plain(live, plain) => live.serve(request, plain),
            Way::Looking(live) | Way::Specially(live) => live.call_specially(request),
        }
    }

    /// As `call`, for all that is rarer.
    #[inline(never)]
    fn call_specially<R, B>(
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
            if held.ready.take() {
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
            if let Some(current) = self.source.current() {
                if let Some(holder) = current.generation.admit(&mut request) {
                    let future = || Oneshot::waiting(current.service, request);
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
