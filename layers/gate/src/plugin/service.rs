use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::inside::Inside;
use super::run::Unwinds;
use super::{Answer, ResponseBody, ResponseFuture, is_upgrade};
use crate::gate::RawPermit;
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

    #[inline]
    fn call(&mut self, request: Request<R>) -> Self::Future {
        match self.enter_plainly(&request) {
            Some(permit) => {
                let mut notes = self.answer.notes();
                let unwinds = Unwinds::watch(Inside {
                    permit: &permit,
                    notes: &mut notes,
                });
                let future = self.inner.call(request);
                unwinds.done();
                ResponseFuture::inside(future, permit, notes, self.answer)
            }
            None => match self.door.known_closed() {
                Some(state) => self.turn_away(request, state),
                None => self.call_specially(request),
            },
        }
    }
}

impl<S> PluginService<S> {
    /// Lets a request in that needs nothing but to be counted, through the gate that was entered
    /// last: what nearly all of them are.
    #[inline]
    fn enter_plainly<R>(&self, request: &Request<R>) -> Option<RawPermit> {
        if self.calls_specially || !self.door.knows_gate() || is_upgrade(request) {
            return None;
        }
        self.door.enter_known()
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
