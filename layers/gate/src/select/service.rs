use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::layer::{Selection, Settings};
use super::{OnUnselected, Select, Unselected};
use crate::policy::fresh;
use crate::slot::RawSlot;
use crate::{
    Answer, Closed, HeldRequest, NeverHeld, OnClosed, PolicyFuture, Reject, Rejected, ResponseBody,
    ResponseFuture,
};

/// Service of [`SelectLayer`](super::SelectLayer).
pub struct SelectService<S, K, P = Reject> {
    inner: S,
    selection: Arc<Selection<K>>,
    settings: Settings,
    policy: P,
}

impl<S, K, P> SelectService<S, K, P> {
    pub(super) fn new(
        inner: S,
        selection: Arc<Selection<K>>,
        settings: Settings,
        policy: P,
    ) -> Self {
        Self {
            inner,
            selection,
            settings,
            policy,
        }
    }

    /// The service behind the gates.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service behind the gates.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The service behind the gates, without the gates.
    pub fn into_inner(self) -> S {
        self.inner
    }

    /// Calls the service through the gate of the plugin that the request is for; `closed` says
    /// what to do where that is closed.
    fn call_selected<R, B, H>(
        &mut self,
        mut request: Request<R>,
        closed: impl FnOnce(&mut S, &P, Turned<'_>, Request<R>) -> PolicyFuture<S::Future, H>,
    ) -> PolicyFuture<S::Future, H>
    where
        S: Service<Request<R>, Response = Response<B>>,
        K: Select<R>,
        B: Body,
    {
        let Selection { selector, plugins } = &*self.selection;
        let answer = self.settings.answer.for_method(request.method());
        let name = selector.select(&request);
        let Some(slot) = name.and_then(|name| plugins.get(name)) else {
            return match self.settings.unselected(name.is_some(), answer) {
                Some(unselected) => PolicyFuture::unselected(unselected),
                None => PolicyFuture::bypassed(self.inner.call(request)),
            };
        };
        match slot.enter_request(&mut request) {
            Ok(holder) => {
                let call = || self.inner.call(request);
                PolicyFuture::gated(ResponseFuture::admitted(call, holder, answer))
            }
            Err(rejected) => {
                let turned = Turned {
                    slot,
                    rejected,
                    answer,
                };
                closed(&mut self.inner, &self.policy, turned, request)
            }
        }
    }
}

impl Settings {
    /// What to answer where there is no plugin; `None` where the request passes through.
    fn unselected(&self, is_named: bool, answer: Answer) -> Option<Unselected> {
        let then = if is_named {
            self.on_unknown
        } else {
            self.on_unnamed
        };
        let is_retryable = match then {
            OnUnselected::PassThrough => return None,
            OnUnselected::NotFound => false,
            OnUnselected::Unavailable => true,
        };
        Some(Unselected {
            is_retryable,
            is_named,
            answer,
        })
    }
}

/// A request turned away by its plugin.
struct Turned<'a> {
    slot: &'a Arc<RawSlot>,
    rejected: Rejected,
    answer: Answer,
}

impl<S, K, R, B> Service<Request<R>> for SelectService<S, K, Reject>
where
    S: Service<Request<R>, Response = Response<B>>,
    K: Select<R>,
    B: Body,
{
    type Response = Response<ResponseBody<B>>;
    type Error = S::Error;
    type Future = PolicyFuture<S::Future, NeverHeld<S::Future, B, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        self.call_selected(request, |_, _, turned, request| {
            let Turned {
                rejected, answer, ..
            } = turned;
            PolicyFuture::gated(ResponseFuture::rejecting(request, rejected, answer))
        })
    }
}

impl<S, K, R, B> Service<Request<R>> for SelectService<S, K, OnClosed>
where
    S: Service<Request<R>, Response = Response<B>> + Clone,
    K: Select<R>,
    B: Body,
{
    type Response = Response<ResponseBody<B>>;
    type Error = S::Error;
    type Future = PolicyFuture<S::Future, Pin<Box<HeldRequest<S, Request<R>>>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        self.call_selected(request, |inner, policy, turned, request| {
            let Turned {
                slot,
                rejected,
                answer,
            } = turned;
            match policy.decide_raw(slot, rejected) {
                Closed::Reject(rejected) => {
                    PolicyFuture::gated(ResponseFuture::rejecting(request, rejected, answer))
                }
                Closed::Bypass(_) => PolicyFuture::bypassed(inner.call(request)),
                Closed::Hold(held) => {
                    let service = fresh(inner);
                    PolicyFuture::held(HeldRequest::boxed(held, service, request, answer))
                }
            }
        })
    }
}

impl<S: Clone, K, P: Clone> Clone for SelectService<S, K, P> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            selection: Arc::clone(&self.selection),
            settings: self.settings,
            policy: self.policy.clone(),
        }
    }
}

impl<S: fmt::Debug, K, P: fmt::Debug> fmt::Debug for SelectService<S, K, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SelectService")
            .field("inner", &self.inner)
            .field("plugins", &self.selection.plugins)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
