use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_plugin_gate::{BoxError, ResponseBody, ResponseBodyError};

pin_project! {
    /// Response body of a middleware, or of the service inside alone, which was bypassed to.
    pub struct BypassBody<B, I> {
        #[pin]
        kind: Kind<B, I>,
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind<B, I> {
        Wrapped {
            #[pin]
            body: ResponseBody<B>,
        },
        Bypassed {
            #[pin]
            body: I,
        },
    }
}

impl<B, I> BypassBody<B, I> {
    pub(super) fn wrapped(body: ResponseBody<B>) -> Self {
        Self {
            kind: Kind::Wrapped { body },
        }
    }

    pub(super) fn bypassed(body: I) -> Self {
        Self {
            kind: Kind::Bypassed { body },
        }
    }
}

impl<B, I> Body for BypassBody<B, I>
where
    ResponseBody<B>: Body<Error = ResponseBodyError>,
    I: Body<Data = <ResponseBody<B> as Body>::Data, Error: Into<BoxError>>,
{
    type Data = I::Data;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<I::Data>, BoxError>>> {
        match self.project().kind.project() {
            KindProj::Wrapped { body } => body.poll_frame(cx).map_err(Into::into),
            KindProj::Bypassed { body } => body.poll_frame(cx).map_err(Into::into),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Wrapped { body } => body.is_end_stream(),
            Kind::Bypassed { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Wrapped { body } => body.size_hint(),
            Kind::Bypassed { body } => body.size_hint(),
        }
    }
}

impl<B, I> fmt::Debug for BypassBody<B, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Wrapped { body } => body.fmt(f),
            Kind::Bypassed { .. } => f.debug_struct("Bypassed").finish_non_exhaustive(),
        }
    }
}
