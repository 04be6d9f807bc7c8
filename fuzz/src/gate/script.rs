use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body::{Body, Frame};
use tower_plugin::Lease;
use tower_service::Service;

use super::op::Step;

pub(super) const FAILED: &str = "scripted to fail";

/// A service, its futures and its bodies, which do what they are told by whoever polls them.
#[derive(Clone, Default)]
pub(super) struct Scripted(Rc<Script>);

#[derive(Default)]
struct Script {
    is_ready: Cell<bool>,
    was_ready: Cell<bool>,
    step: Cell<Option<Step>>,
    lease: Cell<Option<Lease>>,
}

impl Scripted {
    pub(super) fn is_ready(&self, is_ready: bool) {
        self.0.is_ready.set(is_ready);
    }

    /// A clone takes over, of which nobody has asked whether it is ready.
    pub(super) fn renew(&self) {
        self.0.was_ready.set(false);
    }

    pub(super) fn next(&self, step: Step) {
        self.0.step.set(Some(step));
    }

    /// The lease that came with the last request.
    pub(super) fn lease(&self) -> Option<Lease> {
        self.0.lease.take()
    }

    pub(super) fn future(&self) -> ScriptedFuture {
        ScriptedFuture(self.clone())
    }

    fn step(&self) -> Step {
        self.0.step.take().expect("polled without a script")
    }

    pub(super) fn poll_ready(&self) -> Poll<Result<(), &'static str>> {
        let is_ready = self.0.is_ready.get();
        self.0.was_ready.set(is_ready);
        if is_ready {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }
}

impl<R> Service<Request<R>> for Scripted {
    type Response = Response<ScriptedBody>;
    type Error = &'static str;
    type Future = ScriptedFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        Scripted::poll_ready(self)
    }

    fn call(&mut self, mut request: Request<R>) -> ScriptedFuture {
        self.0.lease.set(request.extensions_mut().remove());
        let was_ready = self.0.was_ready.replace(false);
        assert!(was_ready, "a service that was not ready is called");
        self.future()
    }
}

pub(super) struct ScriptedFuture(Scripted);

impl Future for ScriptedFuture {
    type Output = Result<Response<ScriptedBody>, &'static str>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let step = self.0.step();
        let script = self.0.clone();
        match step {
            Step::Pending => Poll::Pending,
            Step::Fail => Poll::Ready(Err(FAILED)),
            _ => {
                let mut response = Response::new(ScriptedBody {
                    script,
                    has_ended: !matches!(step, Step::Go | Step::Blames),
                });
                if step == Step::Blames {
                    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                }
                Poll::Ready(Ok(response))
            }
        }
    }
}

pub(super) struct ScriptedBody {
    script: Scripted,
    has_ended: bool,
}

impl Body for ScriptedBody {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        let step = self.script.step();
        self.has_ended |= matches!(step, Step::Fail | Step::GoAndEnd | Step::End);
        Poll::Ready(match step {
            Step::Pending => return Poll::Pending,
            Step::Fail => Some(Err(FAILED)),
            Step::Go | Step::GoAndEnd => Some(Ok(Frame::data(Bytes::from_static(b"data")))),
            Step::Trailers => Some(Ok(Frame::trailers(HeaderMap::new()))),
            Step::Blames => {
                let internal = HeaderValue::from_static("13");
                let status = (HeaderName::from_static("grpc-status"), internal);
                Some(Ok(Frame::trailers(HeaderMap::from_iter([status]))))
            }
            Step::End => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended
    }
}
