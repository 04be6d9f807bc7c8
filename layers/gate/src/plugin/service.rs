use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{Answer, Plain, ResponseBody, ResponseFuture, is_plain, is_special};
use crate::slot::RawSlot;
use crate::{Door, PluginState, Reject};

/// Service of [`PluginLayer`](super::PluginLayer).
#[derive(Clone)]
pub struct PluginService<S, P = Reject> {
    pub(super) inner: S,
    pub(super) door: Door,
    pub(super) answer: Answer,
    pub(super) policy: P,
    /// Whether every call is: to catch its panics, or to track it.
    calls_specially: bool,
}

impl<S, P> PluginService<S, P> {
    pub(super) fn new(inner: S, slot: Arc<RawSlot>, answer: Answer, policy: P) -> Self {
        let calls_specially = answer.catches_panics() || slot.is_tracked;
        Self {
            inner,
            door: Door::to(slot),
            answer,
            policy,
            calls_specially,
        }
    }

    /// The service behind the gate.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service behind the gate.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The service behind the gate, without the gate.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, R, B> Service<Request<R>> for PluginService<S>
where
    S: Service<Request<R>, Response = Response<B>>,
    B: Body,
{
    type Response = Response<ResponseBody<B>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.door.poll_ready(cx, |cx| self.inner.poll_ready(cx))
    }

    // See `is_plain`.
    #[inline(never)]
    fn call(&mut self, request: Request<R>) -> Self::Future {
        let way = self.way(is_plain(&request));
        way.call(request)
    }
}

/// How a request is let in: decided before it is passed on, in one call.
enum Way<'a, S> {
    /// It was counted, and needs no more.
    Plain(&'a mut PluginService<S>, Plain),
    /// Its headers have to be looked at.
    Looking(&'a mut PluginService<S>),
    Specially(&'a mut PluginService<S>),
    /// It is not: the plugin is known to be closed.
    Closed(&'a PluginService<S>, PluginState),
}

impl<S> Way<'_, S> {
    #[inline]
    fn call<R>(self, request: Request<R>) -> ResponseFuture<S::Future>
    where
        S: Service<Request<R>>,
    {
        match self {
            Self::Plain(service, plain) => service.serve(request, plain),
            Self::Looking(service) => service.call_looking(request),
            Self::Specially(service) => service.call_specially(request),
            Self::Closed(service, state) => service.turn_away(request, state),
        }
    }
}

impl<S> PluginService<S> {
    /// How a request is let in that [is plain](is_plain), or is not. Nearly all of them need
    /// nothing but to be counted, where their thread was before.
    #[expect(improper_ctypes_definitions, reason = "so that it cannot unwind")]
    #[inline(always)]
    extern "C" fn way(&mut self, is_plain: bool) -> Way<'_, S> {
        if self.door.was_closed() {
            return match self.door.known_closed() {
                Some(state) => Way::Closed(self, state),
                None => Way::Specially(self),
            };
        }
        if self.calls_specially {
            return Way::Specially(self);
        }
        if !is_plain {
            return Way::Looking(self);
        }
        match self.door.enter_near() {
            Some(permit) => Way::Plain(self, Plain::new(permit)),
            None => Way::Specially(self),
        }
    }

    #[inline(always)]
    fn serve<R>(&mut self, request: Request<R>, plain: Plain) -> ResponseFuture<S::Future>
    where
        S: Service<Request<R>>,
    {
        let future = self.inner.call(request);
        ResponseFuture::plain(future, plain, self.answer)
    }

    /// As `call`, for a request whose headers have to be looked at.
    #[inline(never)]
    fn call_looking<R>(&mut self, request: Request<R>) -> ResponseFuture<S::Future>
    where
        S: Service<Request<R>>,
    {
        if is_special(&request) {
            return self.call_specially(request);
        }
        match self.way(true) {
            Way::Plain(service, plain) => service.serve(request, plain),
            Way::Looking(service) | Way::Specially(service) => service.call_specially(request),
            Way::Closed(service, state) => service.turn_away(request, state),
        }
    }

    /// As `call`, for a request that is rejected, or has to be changed, or moved into a closure:
    /// it is a large thing, and every move of it is felt.
    #[inline(never)]
    fn call_specially<R>(&mut self, mut request: Request<R>) -> ResponseFuture<S::Future>
    where
        S: Service<Request<R>>,
    {
        let answer = self.answer.for_method(request.method());
        match self.door.try_enter_request(&mut request) {
            Ok(holder) => ResponseFuture::admitted(|| self.inner.call(request), holder, answer),
            Err(state) => self.turn_away(request, state),
        }
    }

    /// Rejects a request, and counts that.
    #[inline(never)]
    fn turn_away<R>(&self, request: Request<R>, state: PluginState) -> ResponseFuture<S::Future>
    where
        S: Service<Request<R>>,
    {
        let answer = self.answer.for_method(request.method());
        let slot = self.door.raw();
        let refused = ResponseFuture::refusing(request, slot.told(state), answer);
        slot.refused();
        refused
    }
}

impl<S: fmt::Debug, P: fmt::Debug> fmt::Debug for PluginService<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginService")
            .field("inner", &self.inner)
            .field("door", &self.door)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
